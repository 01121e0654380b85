"""What saving and adding the landmarks of many images finds out about projects and files. Runs in jobs; changes nothing."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from app.session.file_names import may_list_cases
from app.session.questions import ExportOffer, WhichCases
from core.base.errors import AppError, LandmarkFileError
from core.images.formats import DICOM, has_image_suffix
from core.landmark_files.collection import CollectionFormat
from core.landmark_files.collection_file import open_collection
from core.landmark_files.collection_formats import COLLECTION_FORMATS, WRITABLE_KEYS, format_of_collection
from core.project.additions import Additions
from core.project.case_list import is_case_list, read_case_list
from core.project.cases import Case, CaseQuery, CaseState
from core.project.exchange import Progress, find_in_file
from core.project.found_cases import Wishes, find_cases, find_listed, is_challenge
from core.project.readings import Reader
from core.project.store import Project

_PACKAGES = {"parquet": "pyarrow", "dicom-sr": "highdicom"}
"""What writes the formats that need an optional extra, by the extra."""
_AT_ONCE = 1000


def offer_of(
    project: Project, listed: Sequence[int], suggestion: Path, reader: Reader, progress: Progress
) -> ExportOffer:
    """Return what can be saved; excluded cases are left out of everything.

    Parameters
    ----------
    project
        An open project.
    listed
        The cases in the worklist.
    suggestion
        Where to, without a suffix.
    reader
        Who reads.
    progress
        Told how many cases have been looked at.
    """
    ids = project.case_ids(CaseQuery(excluded=False))
    cases: dict[int, Case] = {}
    for start in range(0, len(ids), _AT_ONCE):
        cases |= {case.id: case for case in project.cases(ids[start : start + _AT_ONCE])}
        progress(min(start + _AT_ONCE, len(ids)), len(ids))
    chosen = {
        WhichCases.ALL: tuple(ids),
        WhichCases.DONE: tuple(id_ for id_ in ids if cases[id_].state is CaseState.DONE),
        WhichCases.LISTED: tuple(id_ for id_ in listed if id_ in cases),
    }
    read = {which: [cases[id_] for id_ in of if _is_read(cases[id_])] for which, of in chosen.items()}
    ranks = {which: frozenset(_ndim(case) for case in of) for which, of in read.items()}
    forms = {
        which: tuple(form.key for form in COLLECTION_FORMATS if of and _can_hold(form, ranks[which], of))
        for which, of in read.items()
    }
    return ExportOffer(chosen, forms, ranks, tuple(project.readers()), reader, suggestion)


def _is_read(case: Case) -> bool:
    return case.geometry is not None and case.state is not CaseState.NEW


def _ndim(case: Case) -> int:
    return 0 if case.geometry is None else case.geometry.grid.ndim


def _can_hold(form: CollectionFormat, ranks: frozenset[int], cases: Sequence[Case]) -> bool:
    """Tell whether a format can be written here, and holds the landmarks of such cases."""
    if form.key not in WRITABLE_KEYS or not ranks <= set(form.ndims):
        return False
    if form.extra and find_spec(_PACKAGES[form.extra]) is None:
        return False
    return form.key != "dicom-sr" or all(map(_is_dicom, cases))


def _is_dicom(case: Case) -> bool:
    """Tell by its name whether an image is DICOM, whose files often have no suffix, or any."""
    return bool(case.series) or case.path.suffix.lower() in DICOM.suffixes or not has_image_suffix(case.path)


def names_images(path: Path, *, alone: bool) -> bool:
    """Tell whether a path is to be opened for the images that it names, rather than as images or laid on the open one.

    Parameters
    ----------
    path
        A file that may hold landmarks or list cases, or a folder.
    alone
        Whether there is no image that it could be laid on.

    Raises
    ------
    LandmarkFileError
        It is ``alone``, and what it holds cannot be read.
    """
    if may_list_cases(path):
        return is_case_list(path) or is_challenge(path)
    try:
        form = format_of_collection(path)
    except LandmarkFileError:
        return False  # whoever opens it on an image says what is wrong
    try:
        names = [name for name in open_collection(path, form.key).image_names if name]
    except LandmarkFileError:
        if alone:
            raise
        return False
    return len(names) > 1 or (alone and bool(names))


def found_by(project: Project, paths: Sequence[Path], reader: str, progress: Progress) -> Additions:
    """Return the images that files of landmarks name, with their landmarks; else what the files say of the project's cases.

    Parameters
    ----------
    project
        An open project, whose schemes give names to landmarks without any.
    paths
        Files of landmarks, and perhaps more images.
    reader
        Whose the landmarks are where no file says it.
    progress
        Told how many images have been read.

    Raises
    ------
    AppError
        None of it is anywhere.
    """
    schemes = tuple(scheme for ndim in (2, 3) if (scheme := project.scheme(ndim)) is not None)
    wishes = Wishes(reader, schemes=schemes, progress=progress)
    lists = [path for path in paths if is_case_list(path)]
    found = Additions.joined(
        find_cases([path for path in paths if path not in lists], wishes), *(_listed(path, wishes) for path in lists)
    )
    if found.cases:
        return found
    if len(paths) == 1 and project.case_ids():
        try:
            return find_in_file(project, paths[0], reader, progress=progress)
        except LandmarkFileError:
            pass  # that its images are not beside it says more
    raise AppError(" ".join(found.problems[:3]))


def _listed(path: Path, wishes: Wishes) -> Additions:
    listed = read_case_list(path)
    found = find_listed(listed, wishes)
    return replace(found, problems=(*(f"{path.name}: {said}." for said in listed.problems), *found.problems))
