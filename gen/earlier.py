"""What lies in a folder that is to be replaced, and is not Gatemill's to delete."""

from __future__ import annotations

from pathlib import Path

from sw_model.faults import InputFault
from verif.manifest import FILE, Manifest

__all__ = ["refuse_strangers"]

#: What other commands leave in a build folder; of a folder's name, everything below it.
RESULTS = ("bitstream", "certificate.json", "failure.vcd", "failure.fst", "report.json",
           "report.txt", "synth", "synth.json")


def refuse_strangers(folder: Path, listing: str = "") -> None:
    """Raise InputFault if an earlier build in ``folder`` holds files that somebody else put there.

    What is no build is for :func:`gen.folder.whole_folder` to judge.

    Parameters
    ----------
    folder : Path
    listing : str, optional
        A file that makes it a folder of builds.
    """
    found = _strangers(folder)
    if listing and (folder / listing).is_file():
        for path in sorted(folder.iterdir()):
            if (path / FILE).is_file():
                found += [f"{path.name}/{name}" for name in _strangers(path)]
            elif path.name != listing:
                found.append(path.name)
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise InputFault(f"{folder}: holds {', '.join(found[:3])}{more} beside an earlier build, "
                         "which would be lost; move them, or name another folder")


def _strangers(folder: Path) -> list[str]:
    if not (folder / FILE).is_file():
        return []
    try:
        known = {FILE, *Manifest.load(folder).files}
    except InputFault:
        # A broken build, or another version's: nothing can be told apart.
        return []
    return sorted(name for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
                  if (name := path.relative_to(folder).as_posix()) not in known
                  and name.partition("/")[0] not in RESULTS)
