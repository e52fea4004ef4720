"""What README.md and the pages of docs/ say can be done, is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from scv_emulator.server import Emulator

from tests.scenarios.documents import DocumentWrong, Reader, blocks, commands

ROOT = Path(__file__).parents[2]
PAGES = sorted(page for page in ROOT.joinpath("docs").rglob("*.md") if blocks(page.read_text(encoding="utf-8")))


def follow(markdown: str, folder: Path) -> int:
    with Emulator() as emulator, Reader(folder, settings=emulator.env()) as reader:
        return reader.follow(markdown)


def test_the_readme_does_what_it_says(tmp_path: Path) -> None:
    """All of its blocks, in order; those that are not run give their reason."""
    assert follow((ROOT / "README.md").read_text(encoding="utf-8"), tmp_path) >= 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_of_the_documentation_does_what_it_says(page: Path, tmp_path: Path) -> None:
    """Every page with blocks."""
    follow(page.read_text(encoding="utf-8"), tmp_path)


# ------------------------------------------------------------------------------------- the reader itself, read closely

DOCUMENT = """
# A page

```console
$ scv-voicemail emulator --write-env local.env &
http://127.0.0.1:12345
$ export SCV_VOICEMAIL_ENV_FILE=local.env
$ scv-voicemail deliver hello.wav \\
    --from '+14155550142' --id page
page to voice_call: delivered as 0LQ000000000001
$ scv-voicemail status page
```

```python
import scv_voicemail
with scv_voicemail.connect() as connector:
    open("python-was-here", "w").write(connector.settings.org_id)
```

```bash
test -f hello.wav
touch bash-was-here
```

```toml
default_region = "GB"
```

```text
not a block to run
```

<!-- not run: it needs a real org -->
```console
$ scv-voicemail doctor
```
"""


def test_every_block_of_a_document_is_done(tmp_path: Path) -> None:
    """In one folder, in order, with what was exported and what runs in the background."""
    ran = follow(DOCUMENT, tmp_path)

    assert ran == 4
    assert (tmp_path / "local.env").exists()
    assert (tmp_path / "python-was-here").read_text().startswith("00D")
    assert (tmp_path / "bash-was-here").exists()


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ("```console\n$ true\n$ scv-voicemail status --nonsense\n```", "line 1: `scv-voicemail status --nonsense`"),
        ("text\n\n```python\nimport scv_voicemail\nscv_voicemail.conect()\n```", "line 3: the python block"),
        ("```bash\nfalse | true\n```", "line 1: the bash block"),
        ('```toml\norgid = "x"\n```', "line 1: there is no setting orgid"),
        ("```toml\nx = \n```", "line 1"),
        ("```console\n$ scv-voicemail emulator --port x &\n```", "did not start"),
        ("```console\n$ scripts/test\n```", "mark the block"),
        ("```console\n$ true", "has no end"),
        ("<!-- not run: -->\n```console\n$ false\n```", "gives no reason"),
    ],
)
def test_a_document_that_is_wrong_is_found_out(document: str, where: str, tmp_path: Path) -> None:
    """With the line and the command."""
    with pytest.raises(DocumentWrong, match=where):
        follow(document, tmp_path)


def test_a_marker_is_for_the_next_block_only(tmp_path: Path) -> None:
    """The second block is run again."""
    document = "<!-- not run: as it fails -->\n\n```bash\nfalse\n```\n\n```bash\ntouch ran\n```"

    assert [block.not_run for block in blocks(document)] == ["as it fails", ""]
    assert follow(document, tmp_path) == 1
    assert (tmp_path / "ran").exists()


def test_output_is_not_taken_for_commands() -> None:
    """Only lines with a prompt, and their continuations."""
    assert commands("$ one \\\n  two\noutput\n\n$ three\n# four") == ["one \\\n  two", "three"]
