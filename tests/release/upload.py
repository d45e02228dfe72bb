"""``python -m tests.release.upload`` prints how to upload what is in ``dist``; it uploads nothing."""

# ruff: noqa: T201 - printing is its job
from __future__ import annotations

import sys

from tests.release import ROOT


def main() -> int:
    """Print the commands; return 1 if there is nothing to upload."""
    names = sorted(path.name for path in (ROOT / "dist").glob("aml_pipeline_yaml-*"))
    if not names:
        print("dist/ is empty. Run `make dist` first.", file=sys.stderr)
        return 1
    packages = [f"dist/{name}" for name in names if not name.endswith(".json")]
    version = names[0].split("-")[1]
    print(f"\nAll checks passed. To release {version}, see RELEASING.md:\n")
    print(f"  git tag -s v{version} -m {version} && git push origin v{version}")
    print(f"  .release/bin/twine upload {' '.join(packages)}")
    print(f"  gh release create v{version} dist/*{' --prerelease' if 'rc' in version else ''} --verify-tag")
    return 0


if __name__ == "__main__":
    sys.exit(main())
