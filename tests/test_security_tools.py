"""What two tools say of the code and of its dependencies: bandit and pip-audit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
WHAT_TO_DO = (
    "bandit finds the above. Write it otherwise; if it is no risk, put `# nosec BXXX` beside it "
    "with the reason, as a last resort a skip with its reason in pyproject.toml."
)


def tool(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name(name)), *options]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )


def test_bandit_is_content() -> None:
    where = ["core", "pages", "scripts", "app.py"]
    done = tool("bandit", "-c", "pyproject.toml", "-q", "-f", "txt", "-r", *where)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{WHAT_TO_DO}"


def test_bandit_would_notice(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("import subprocess\nsubprocess.call(input(), shell=True)\neval(input())\n")
    done = tool("bandit", "-c", "pyproject.toml", "-q", "-f", "json", str(bad))
    assert done.returncode == 1
    assert {one["test_id"] for one in json.loads(done.stdout)["results"]} >= {"B602", "B307"}


def audited(*options: str) -> tuple[list[dict[str, object]], list[str]]:
    """Packages of this environment with known vulnerabilities; those that nobody could look up."""
    done = tool("pip-audit", "--progress-spinner", "off", "-f", "json", *options)
    if not done.stdout.strip():
        pytest.skip(f"pip-audit reaches no vulnerability service: {done.stderr.strip()[-300:]}")
    packages = json.loads(done.stdout)["dependencies"]
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    return [one for one in packages if one.get("vulns")], unknown


def test_no_dependency_has_a_known_vulnerability() -> None:
    """Says so if it cannot know: a mirror of PyPI without its JSON API answers for no package."""
    vulnerable, unknown = audited("--local", "--vulnerability-service", "pypi")
    report = "\n".join(
        f"{one['name']} {one['version']}: {[v['id'] for v in one['vulns']]}, "  # type: ignore[attr-defined]
        f"mended in {[v['fix_versions'] for v in one['vulns']]}"  # type: ignore[attr-defined]
        for one in vulnerable
    )
    assert not vulnerable, (
        f"{report}\nRaise the range in requirements.txt, or say why it cannot hurt."
    )
    if unknown:
        pytest.skip(f"{len(unknown)} packages could not be looked up, {unknown[0]} among them")
