"""Which permission an operation needs: the emulator takes the operation's own name, and AWS sometimes another one."""

from typing import Any

from catalogue.labs.services.registry import lab_services


def install() -> None:
    """Patch the imported emulator."""
    from ministack.core import iam_actions

    asked_for = iam_actions.extract_iam_action
    permissions = lab_services().permissions

    def extract_iam_action(
        service: str, method: str, path: str, headers: dict[str, Any], body: bytes, query_params: dict[str, Any]
    ) -> str | None:
        action: str | None = asked_for(service, method, path, headers, body, query_params)
        return permissions.get(action, action) if action else None

    iam_actions.extract_iam_action = extract_iam_action
