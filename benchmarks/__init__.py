"""What netguard costs, beside the bare app and released peers, in one process and one run: ``python -m benchmarks``."""
