"""The page `docs/settings.md`, made from the settings, so that it cannot disagree with them."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic.fields import FieldInfo

from scv_voicemail.settings import PREFIX, Settings

HEAD = f"""# Settings

Precedence, first wins: arguments in Python, the environment, the `.env` file, `scv-voicemail.toml`, the default.
`{PREFIX}ENV_FILE` names another `.env`, `{PREFIX}CONFIG` another TOML file. In TOML names are lower case, without the
prefix. Secrets come from a file or from the environment, never from an option of the command line.

| variable | default | what it is |
|---|---|---|"""


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([HEAD, *_rows(), ""])


def _rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        text = (field.description or "").replace("|", "\\|")
        yield f"| `{PREFIX}{name.upper()}` | {_default(field)} | {text} |"


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        made = field.default_factory()  # type: ignore[call-arg]
        return (
            "" if not made else f"`~/.local/state/scv-voicemail/{made.name}`" if hasattr(made, "name") else f"`{made}`"
        )
    value = field.default
    if value in (None, "", ()):
        return ""
    return (
        f"`{','.join(value)}`"
        if isinstance(value, tuple)
        else f"`{value}`".replace("True", "true").replace("False", "false")
    )


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - printing the page is what this program is for
