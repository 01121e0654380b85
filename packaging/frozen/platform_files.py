"""What Windows and macOS want to know about a program: a version resource, and the contents of Info.plist.

The version itself is read from pyproject.toml, the only place where it stands.
"""

from pathlib import Path
from typing import Any

from release import Release, project_version

BUNDLE_IDENTIFIER = "org.cairn-landmarks.Cairn"
DESCRIPTION = "Finds anatomical landmarks in medical images"
COPYRIGHT = "Apache License 2.0"

_WINDOWS_VERSION = """\
VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0, OS=0x40004, fileType=1, subtype=0),
  kids=[
    StringFileInfo([StringTable("040904B0", [
      StringStruct("FileDescription", {description!r}),
      StringStruct("FileVersion", {version!r}),
      StringStruct("InternalName", {name!r}),
      StringStruct("LegalCopyright", {copyright!r}),
      StringStruct("OriginalFilename", {file_name!r}),
      StringStruct("ProductName", "Cairn"),
      StringStruct("ProductVersion", {version!r}),
    ])]),
    VarFileInfo([VarStruct("Translation", [0x0409, 0x04B0])]),
  ],
)
"""

# Kind of file, the suffixes that macOS knows nothing better for, and the types that it knows. Cairn never asks to be the
# program that opens them: they belong to the person's own viewer.
_DOCUMENT_TYPES = (
    ("DICOM image", ("dcm", "dicom", "ima"), ("org.nema.dicom",)),
    ("NIfTI image", ("nii", "gz"), ()),
    ("NRRD image", ("nrrd", "nhdr"), ()),
    ("MetaImage", ("mha", "mhd"), ()),
    ("Picture", (), ("public.png", "public.jpeg", "public.tiff", "com.microsoft.bmp")),
)

# Projects are Cairn's own: it tells macOS of the type, and opens them unless a person has chosen otherwise.
_PROJECT_TYPE = "org.cairn-landmarks.project"
_PROJECT_DESCRIPTION = "Cairn project"


def windows_version(version: str, name: str, folder: Path) -> str:
    """Write the version resource of an executable in PyInstaller's notation; return the file's path."""
    text = _WINDOWS_VERSION.format(
        numbers=tuple(int(number) for number in Release(version, 0).windows_version.split(".")),
        description=DESCRIPTION,
        version=version,
        name=name,
        copyright=COPYRIGHT,
        file_name=f"{name}.exe",
    )
    path = folder / f"{name}-version.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def info_plist() -> dict[str, Any]:
    """Return what Info.plist says beyond what PyInstaller writes by itself."""
    return {
        "CFBundleDisplayName": "Cairn",
        "CFBundleName": "Cairn",
        "CFBundleShortVersionString": project_version(),
        "CFBundleVersion": project_version(),
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": name,
                "CFBundleTypeRole": "Viewer",
                "LSHandlerRank": "Alternate",
                **({"CFBundleTypeExtensions": list(suffixes)} if suffixes else {}),
                **({"LSItemContentTypes": list(types)} if types else {}),
            }
            for name, suffixes, types in _DOCUMENT_TYPES
        ]
        + [
            {
                "CFBundleTypeName": _PROJECT_DESCRIPTION,
                "CFBundleTypeRole": "Editor",
                "LSHandlerRank": "Owner",
                "LSItemContentTypes": [_PROJECT_TYPE],
            }
        ],
        "UTExportedTypeDeclarations": [
            {
                "UTTypeIdentifier": _PROJECT_TYPE,
                "UTTypeDescription": _PROJECT_DESCRIPTION,
                "UTTypeConformsTo": ["public.database", "public.data"],
                "UTTypeTagSpecification": {
                    "public.filename-extension": ["cairn"],
                    "public.mime-type": ["application/x-cairn-project"],
                },
            }
        ],
        "LSApplicationCategoryType": "public.app-category.medical",
        "LSMinimumSystemVersion": "14.0",  # torch's wheels for Apple's processors ask for it
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": COPYRIGHT,
        "NSSupportsAutomaticGraphicsSwitching": True,
    }
