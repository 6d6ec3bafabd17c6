"""The ``netguard`` command: tools that show and check what a policy does."""

from __future__ import annotations


def run() -> None:
    """Run the command, or say what is missing for it."""
    try:
        from netguard.cli.main import main
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        raise SystemExit("the netguard command needs click: pip install 'netguard[cli]'") from None
    main()
