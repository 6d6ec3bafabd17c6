"""Lockouts in Django's admin: who is locked, and letting them try again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.checks import CheckMessage, Error
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from netguard.django.conf import SettingsError, policy_of_settings
from netguard.errors import ConfigError, NetguardError
from netguard.logins import Logins

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object


class ShowsLockouts(Base):
    """A mixin for the admin of users: ``class MemberAdmin(ShowsLockouts, UserAdmin)``.

    A column says for how many minutes an account is locked, by one question to the store for each page, and an action
    unlocks accounts, for those who may change them. The policy is ``settings.NETGUARD``, of which ``lockout_name``
    chooses one of several lockouts.
    """

    lockout_name = ""

    @cached_property
    def logins(self) -> Logins:
        """The logins of the lockout. Raises ConfigError where the policy has none, which a system check tells."""
        return Logins(policy_of_settings(), self.lockout_name)

    def check(self, **keywords: Any) -> list[CheckMessage]:  # what Django hands to every check
        found = super().check(**keywords)
        try:
            self.logins  # noqa: B018  # made at start-up
        except SettingsError:
            pass  # which netguard's own check tells
        except ConfigError as error:
            found.append(Error(str(error), obj=self.__class__, id="netguard.E002"))
        return found

    def get_list_display(self, request: HttpRequest) -> Any:
        return [*super().get_list_display(request), "locked"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        users = changelist.result_list  # a query that keeps what it found
        waits = self.logins.locked_for(*[user.get_username() for user in users])
        for user, wait in zip(users, waits, strict=True):
            user.netguard_wait = wait
        return changelist

    @admin.display(description="locked", empty_value="")
    def locked(self, user: Any) -> str | None:
        """For how long, never too short; nothing where the account may try."""
        return f"{-int(-user.netguard_wait // 60)} min" if user.netguard_wait else None

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        """With ``unlock`` on the list of users, whatever ``actions`` a class lists; Django 6.1 names the page."""
        place: dict[str, Any] = {} if action_location is None else {"action_location": action_location}
        actions, mine = super().get_actions(request, **place), self.get_action("unlock", **place)
        disabled = self.actions is None or IS_POPUP_VAR in request.GET
        if mine is None or disabled or not self.has_change_permission(request):
            return actions
        return {**actions, "unlock": mine}

    @admin.action(description="Unlock", permissions=["change"])
    def unlock(self, request: HttpRequest, users: QuerySet[Any]) -> None:
        """Let these accounts try to log in again; the log of the admin tells who did it."""
        try:
            for user in users:
                self.logins.unlock(user.get_username())
                self.log_change(request, user, "Unlocked.")
        except NetguardError as error:
            self.message_user(request, str(error), messages.ERROR)
