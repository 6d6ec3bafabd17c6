"""What a visitor can do wrong: one class each, with a sentence for them and the HTTP status that suits it."""

from datetime import date
from http import HTTPStatus

SENTENCES = {
    400: "We could not read what your browser sent.",
    404: "There is no such page.",
    405: "This page cannot be used that way.",
    500: "Something went wrong on our side. Nothing was changed; please try again in a moment.",
}
WEAK_PASSWORDS = {
    "too-short": "Please choose a password of at least 15 characters. A few unrelated words make a good one.",
    "too-long": "Please choose a password of at most 256 characters.",
    "is-the-name": "Please choose a password that is not made of your name or e-mail address.",
}


class BookingError(Exception):
    """A refusal whose ``sentence`` may be shown to the visitor as it stands."""

    status = 422
    sentence = "That did not work."

    def __str__(self) -> str:
        return self.sentence


class InvalidName(BookingError):
    sentence = "Please tell us your name, in at most 80 characters."


class InvalidEmail(BookingError):
    sentence = "Please check the e-mail address: it should look like name@example.org."


class EmailTaken(BookingError):
    status = 409
    sentence = "There is already an account with this e-mail address. Log in instead."


class WeakPassword(BookingError):
    """A password that may not be chosen; ``code`` is the one of ``netguard.passwords``."""

    def __init__(self, code: str) -> None:
        self.sentence = WEAK_PASSWORDS.get(code, "Please choose another password.")
        super().__init__()


class WrongCredentials(BookingError):
    sentence = "E-mail address or password is wrong."


class WrongCode(BookingError):
    sentence = "This code is wrong, or was used before. Please type the next one that your app shows."


class DeadLink(BookingError):
    sentence = "This link no longer works: it was used before, or is older than half an hour. Ask for a new one."


class UnknownClub(BookingError):
    status = 404
    sentence = "We do not know this club."


class UnknownCourt(BookingError):
    status = 404
    sentence = "We do not know this court."


class UnknownMember(BookingError):
    status = 404
    sentence = "We do not know this member."


class InvalidDay(BookingError):
    sentence = "Please choose a day within the next four weeks."


class InvalidSlot(BookingError):
    sentence = "This hour cannot be booked. Please choose one from the club's page."


class SlotTaken(BookingError):
    """The slot has a booking; ``club`` (its slug) and ``day`` say where the visitor may choose another."""

    status = 409
    sentence = "Somebody else was faster: this court is already taken at that hour. Please choose another one."

    def __init__(self, club: str, day: date) -> None:
        self.club, self.day = club, day
        super().__init__()


class NotYourBooking(BookingError):
    """A booking that does not exist, or is somebody else's: the visitor need not learn which."""

    status = 404
    sentence = "There is no such booking among yours."


class TooLateToCancel(BookingError):
    status = 409
    sentence = "This booking has already begun, so it can no longer be cancelled."


def sentence_for(status: int) -> str:
    """Say an HTTP status in words, where no ``BookingError`` says more."""
    return SENTENCES.get(status) or f"{HTTPStatus(status).phrase}."
