; Setup of Cairn for Windows: for one person, without an administrator. Compiled by setup_program.py, which defines
; VERSION, FILE_VERSION, APP_DIR, ICON, SIDE_PICTURE, OUTPUT, UNINSTALL_LIST (Delete and RMDir lines for exactly the files of APP_DIR) and, where
; programs, setup and uninstaller are to be signed, SIGN_COMMAND.
;
; Silent: setup.exe /S [/D=C:\folder], uninstall.exe /S. Exit codes: 0 done, 1 stopped by the person, 2 failed, 5 Cairn is open.

Unicode true
SetCompressor /SOLID lzma
SetCompressorDictSize 64
ManifestDPIAware true
RequestExecutionLevel user

!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh
!include x64.nsh
!include Win\COM.nsh
!include Win\Propkey.nsh

!define APP_USER_MODEL_ID "Cairn.Cairn" ; as in app/window/viewer.py
!define /ifndef VT_LPWSTR 31
!define CLASSES "Software\Classes"
!define PROGID "Cairn.Image"
!define PROJECT_PROGID "Cairn.Project"
!define PROJECT_SUFFIX ".cairn"
!define APP_KEY "Software\Cairn"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Cairn"
!define EXIT_FAILED 2
!define EXIT_CAIRN_IS_OPEN 5

Name "Cairn"
OutFile "${OUTPUT}"
BrandingText "Cairn ${VERSION}"
InstallDir "$LOCALAPPDATA\Programs\Cairn"
InstallDirRegKey HKCU "${APP_KEY}" "Folder"
ShowInstDetails nevershow
ShowUninstDetails nevershow

VIProductVersion "${FILE_VERSION}"
VIAddVersionKey ProductName "Cairn"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "Setup of Cairn"
VIAddVersionKey CompanyName "Cairn developers"
VIAddVersionKey LegalCopyright "Cairn developers, Apache License 2.0"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_WELCOMEFINISHPAGE_BITMAP "${SIDE_PICTURE}"
!define MUI_WELCOMEPAGE_TITLE "Cairn ${VERSION}"
!define MUI_WELCOMEPAGE_TEXT "Cairn finds anatomical landmarks in medical images, and lets you check, correct and export them.$\r$\n$\r$\nIt is \
installed for you alone; no administrator is needed. Images stay on this computer.$\r$\n$\r$\nCairn is for research. It is no medical \
device, and every landmark it places needs a person's eye."
!define MUI_FINISHPAGE_RUN "$INSTDIR\Cairn.exe"
!define MUI_FINISHPAGE_NOREBOOTSUPPORT
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

!ifdef SIGN_COMMAND
  !system '${SIGN_COMMAND} "${APP_DIR}/Cairn.exe"' = 0
  !system '${SIGN_COMMAND} "${APP_DIR}/cairn-cli.exe"' = 0
  !uninstfinalize '${SIGN_COMMAND} "%1"' = 0
  !finalize '${SIGN_COMMAND} "%1"' = 0
!endif

; ---- Cairn must be closed: a program that runs cannot be opened for writing, whichever session it runs in -----------------

!macro DefineRefuseWhileOpen prefix
Function ${prefix}RefuseWhileOpen
  again:
  Push "$INSTDIR\cairn-cli.exe"
  Call ${prefix}CountOpen
  Push "$INSTDIR\Cairn.exe"
  Call ${prefix}CountOpen
  Pop $0
  Pop $1
  ${If} $0 <> 0
  ${OrIf} $1 <> 0
    ${If} ${Silent}
      SetErrorLevel ${EXIT_CAIRN_IS_OPEN}
    ${Else}
      MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "Cairn is open. Save your landmarks, close it, and try again." IDRETRY again
      SetErrorLevel 1
    ${EndIf}
    Quit
  ${EndIf}
FunctionEnd

; Takes a path from the stack and leaves 1 if that program runs, else 0.
Function ${prefix}CountOpen
  Exch $2
  ${If} ${FileExists} "$2"
    ClearErrors
    FileOpen $3 "$2" a
    ${If} ${Errors}
      StrCpy $2 1
    ${Else}
      FileClose $3
      StrCpy $2 0
    ${EndIf}
  ${Else}
    StrCpy $2 0
  ${EndIf}
  Exch $2
FunctionEnd
!macroend
!insertmacro DefineRefuseWhileOpen ""
!insertmacro DefineRefuseWhileOpen "un."

; ---- Open with: for images offered beside other programs, never taken over from them; projects are Cairn's own ------------

!macro EachSuffix do
  !insertmacro ${do} .dcm
  !insertmacro ${do} .nii
  !insertmacro ${do} .nrrd
  !insertmacro ${do} .nhdr
  !insertmacro ${do} .mha
  !insertmacro ${do} .mhd
  !insertmacro ${do} .png
  !insertmacro ${do} .jpg
  !insertmacro ${do} .jpeg
  !insertmacro ${do} .tif
  !insertmacro ${do} .tiff
  !insertmacro ${do} .bmp
!macroend

!macro OfferSuffix suffix
  WriteRegStr HKCU "${CLASSES}\${suffix}\OpenWithProgids" "${PROGID}" ""
  WriteRegStr HKCU "${CLASSES}\Applications\Cairn.exe\SupportedTypes" "${suffix}" ""
  WriteRegStr HKCU "${APP_KEY}\Capabilities\FileAssociations" "${suffix}" "${PROGID}"
!macroend

!macro WithdrawSuffix suffix
  DeleteRegValue HKCU "${CLASSES}\${suffix}\OpenWithProgids" "${PROGID}"
  DeleteRegKey /ifempty HKCU "${CLASSES}\${suffix}\OpenWithProgids"
  DeleteRegKey /ifempty HKCU "${CLASSES}\${suffix}"
!macroend

; Explorer opens a double-clicked project with the type that the suffix names; where a person has chosen another, that goes first.
!macro ClaimProjects
  WriteRegStr HKCU "${CLASSES}\${PROJECT_PROGID}" "" "Cairn project"
  !insertmacro OpenCommand "${PROJECT_PROGID}"
  WriteRegStr HKCU "${CLASSES}\${PROJECT_SUFFIX}" "" "${PROJECT_PROGID}"
  WriteRegStr HKCU "${CLASSES}\${PROJECT_SUFFIX}" "Content Type" "application/x-cairn-project"
  WriteRegStr HKCU "${CLASSES}\${PROJECT_SUFFIX}\OpenWithProgids" "${PROJECT_PROGID}" ""
  WriteRegStr HKCU "${CLASSES}\Applications\Cairn.exe\SupportedTypes" "${PROJECT_SUFFIX}" ""
  WriteRegStr HKCU "${APP_KEY}\Capabilities\FileAssociations" "${PROJECT_SUFFIX}" "${PROJECT_PROGID}"
!macroend

; What another program has made of the suffix since is left to it.
!macro GiveUpProjects
  ReadRegStr $0 HKCU "${CLASSES}\${PROJECT_SUFFIX}" ""
  ${If} $0 == "${PROJECT_PROGID}"
    DeleteRegValue HKCU "${CLASSES}\${PROJECT_SUFFIX}" ""
    DeleteRegValue HKCU "${CLASSES}\${PROJECT_SUFFIX}" "Content Type"
  ${EndIf}
  DeleteRegValue HKCU "${CLASSES}\${PROJECT_SUFFIX}\OpenWithProgids" "${PROJECT_PROGID}"
  DeleteRegKey /ifempty HKCU "${CLASSES}\${PROJECT_SUFFIX}\OpenWithProgids"
  DeleteRegKey /ifempty HKCU "${CLASSES}\${PROJECT_SUFFIX}"
  DeleteRegKey HKCU "${CLASSES}\${PROJECT_PROGID}"
!macroend

!macro OpenCommand key
  WriteRegStr HKCU "${CLASSES}\${key}" "FriendlyAppName" "Cairn"
  WriteRegStr HKCU "${CLASSES}\${key}\DefaultIcon" "" '"$INSTDIR\Cairn.exe",0'
  WriteRegStr HKCU "${CLASSES}\${key}\shell\open\command" "" '"$INSTDIR\Cairn.exe" "%1"'
!macroend

!macro TellExplorer ; SHCNE_ASSOCCHANGED
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
!macroend

; A shortcut with the application's own id, so that the task bar puts window and shortcut together.
!macro Shortcut path
  CreateShortcut "${path}" "$INSTDIR\Cairn.exe" "" "$INSTDIR\Cairn.exe" 0
  !insertmacro ComHlpr_CreateInProcInstance ${CLSID_ShellLink} ${IID_IShellLink} r0 ""
  ${If} $0 P<> 0
    ${IUnknown::QueryInterface} $0 '("${IID_IPersistFile}",.r1)'
    ${If} $1 P<> 0
      ${IPersistFile::Load} $1 '("${path}", ${STGM_READWRITE})'
      ${IUnknown::QueryInterface} $0 '("${IID_IPropertyStore}",.r2)'
      ${If} $2 P<> 0
        System::Call '*(&w64 "${APP_USER_MODEL_ID}")p.r3'
        System::Call '*${SYSSTRUCT_PROPERTYKEY}(${PKEY_AppUserModel_ID})p.r4'
        System::Call '*${SYSSTRUCT_PROPVARIANT}(${VT_LPWSTR},,&i4 $3)p.r5'
        ${IPropertyStore::SetValue} $2 '($4,$5)'
        ${IPropertyStore::Commit} $2 ""
        System::Free $3
        System::Free $4
        System::Free $5
        ${IUnknown::Release} $2 ""
        ${IPersistFile::Save} $1 '("${path}", 1)'
      ${EndIf}
      ${IUnknown::Release} $1 ""
    ${EndIf}
    ${IUnknown::Release} $0 ""
  ${EndIf}
!macroend

; ---- installing ----------------------------------------------------------------------------------------------------------

Section "Cairn" SectionCairn
  SectionIn RO
  Call RefuseWhileOpen
  Call RemoveOlderVersion
  SetOutPath "$INSTDIR"
  ClearErrors
  File /r "${APP_DIR}\*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  ${If} ${Errors}
    MessageBox MB_OK|MB_ICONSTOP "Cairn could not be written to $INSTDIR. Is there room, and may you write there?" /SD IDOK
    SetErrorLevel ${EXIT_FAILED}
    Quit
  ${EndIf}
  !insertmacro Shortcut "$SMPROGRAMS\Cairn.lnk"
  Call OfferOpenWith
  Call WriteUninstallEntry
SectionEnd

Section /o "Shortcut on the desktop" SectionDesktop
  !insertmacro Shortcut "$DESKTOP\Cairn.lnk"
SectionEnd

LangString TextCairn ${LANG_ENGLISH} "The application, its models and samples, and a shortcut in the Start menu."
LangString TextDesktop ${LANG_ENGLISH} "A shortcut on the desktop."
!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${SectionCairn} $(TextCairn)
  !insertmacro MUI_DESCRIPTION_TEXT ${SectionDesktop} $(TextDesktop)
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Function .onInit
  SetRegView 64
  SetShellVarContext current
  ${IfNot} ${RunningX64}
    MessageBox MB_OK|MB_ICONSTOP "Cairn needs a 64-bit Windows." /SD IDOK
    SetErrorLevel ${EXIT_FAILED}
    Quit
  ${EndIf}
  ${If} ${FileExists} "$DESKTOP\Cairn.lnk" ; an upgrade keeps the person's choice
    SectionSetFlags ${SectionDesktop} ${SF_SELECTED}
  ${EndIf}
FunctionEnd

; The version that is there knows its own files; what a person put beside them stays.
Function RemoveOlderVersion
  ReadRegStr $0 HKCU "${APP_KEY}" "Folder"
  ${If} $0 != ""
  ${AndIf} ${FileExists} "$0\uninstall.exe"
    ClearErrors
    ExecWait '"$0\uninstall.exe" /S _?=$0' $1 ; with _? it runs where it lies, and is waited for
    ${If} ${Errors}
    ${OrIf} $1 <> 0
      MessageBox MB_OK|MB_ICONSTOP "The older version in $0 could not be removed. Close Cairn, and try again." /SD IDOK
      SetErrorLevel ${EXIT_FAILED}
      ${If} $1 = ${EXIT_CAIRN_IS_OPEN}
        SetErrorLevel ${EXIT_CAIRN_IS_OPEN}
      ${EndIf}
      Quit
    ${EndIf}
    Delete "$0\uninstall.exe"
    RMDir "$0"
  ${EndIf}
FunctionEnd

Function OfferOpenWith
  WriteRegStr HKCU "${CLASSES}\${PROGID}" "" "Medical image"
  !insertmacro OpenCommand "${PROGID}"
  !insertmacro OpenCommand "Applications\Cairn.exe"
  !insertmacro EachSuffix OfferSuffix
  !insertmacro ClaimProjects
  ; Windows sees only the last suffix, so .nii.gz is .gz, and that is mostly archives: Cairn can be picked for one under
  ; "Choose another app" but does not step forward as a program for them.
  WriteRegStr HKCU "${CLASSES}\Applications\Cairn.exe\SupportedTypes" ".gz" ""
  WriteRegStr HKCU "${APP_KEY}\Capabilities" "ApplicationName" "Cairn"
  WriteRegStr HKCU "${APP_KEY}\Capabilities" "ApplicationDescription" "Finds anatomical landmarks in medical images"
  WriteRegStr HKCU "${APP_KEY}\Capabilities" "ApplicationIcon" '"$INSTDIR\Cairn.exe",0'
  WriteRegStr HKCU "Software\RegisteredApplications" "Cairn" "${APP_KEY}\Capabilities"
  !insertmacro TellExplorer
FunctionEnd

Function WriteUninstallEntry
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegStr HKCU "${APP_KEY}" "Folder" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayName" "Cairn"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayIcon" '"$INSTDIR\Cairn.exe",0'
  WriteRegStr HKCU "${UNINSTALL_KEY}" "Publisher" "Cairn developers"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "EstimatedSize" $0
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoRepair" 1
FunctionEnd

; ---- removing ------------------------------------------------------------------------------------------------------------

Function un.onInit
  SetRegView 64
  SetShellVarContext current
  Call un.RefuseWhileOpen
FunctionEnd

Section "Uninstall"
  Call un.RefuseWhileOpen
  !include "${UNINSTALL_LIST}"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR" ; only if nothing of the person's is left in it
  ${If} ${FileExists} "$INSTDIR\Cairn.exe"
    MessageBox MB_OK|MB_ICONSTOP "Some files in $INSTDIR could not be removed. Close what uses them, and try again." /SD IDOK
    SetErrorLevel ${EXIT_FAILED}
    Quit
  ${EndIf}
  Delete "$SMPROGRAMS\Cairn.lnk"
  Delete "$DESKTOP\Cairn.lnk"
  !insertmacro EachSuffix WithdrawSuffix
  !insertmacro GiveUpProjects
  DeleteRegKey HKCU "${CLASSES}\${PROGID}"
  DeleteRegKey HKCU "${CLASSES}\Applications\Cairn.exe"
  DeleteRegValue HKCU "Software\RegisteredApplications" "Cairn"
  DeleteRegKey HKCU "${UNINSTALL_KEY}"
  DeleteRegKey HKCU "${APP_KEY}"
  !insertmacro TellExplorer
SectionEnd
