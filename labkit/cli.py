"""The `labkit` command: start, progress, release, check, fetch and doctor.

Exit codes: 0 all right, 1 something is wrong and was said, 2 the command was not understood;
`labkit check` says more: 1 someone is not done, 3 something could not be checked.
"""

import argparse
import io
import os
import sys
import webbrowser
from pathlib import Path

from labkit import __version__
from labkit.course import another, copies, editions, lab_server, notes, paths
from labkit.grading import CHECK, NOT_PROTECTED, TAKE_AWAY

_WHICH = "a number (01) or part of a name; without it, all"
_PATH = "the labs of a path in its order, with a page that leads through them"
_FOLDERS = {"student": "my-labs", "solution": "my-labs-solution", "live": "my-labs-live"}


def main(argv: list[str] | None = None) -> int:
    """Run the command line (default: the process's own) and return its exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    cut = argv.index("--") if "--" in argv else len(argv)
    options = _parser().parse_args(argv[:cut])
    _show_what_the_screen_can()
    try:
        return options.run(options, argv[cut + 1 :])
    except editions.UnknownLab as error:
        return _complain(error, 2)
    except (ValueError, OSError) as error:
        return _complain(error, 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="labkit", description="The lecture you can run.")
    parser.add_argument("--version", action="version", version=f"labkit {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    start = commands.add_parser(
        "start",
        help="write your copies of the labs into a folder and open JupyterLab there",
        epilog="Whatever follows -- goes to JupyterLab, as in: labkit start -- --port=9000",
    )
    start.add_argument("labs", nargs="*", metavar="LAB", help=_WHICH)
    start.add_argument("--path", choices=list(paths.PATHS), help=_PATH)
    start.add_argument(
        "--edition",
        choices=list(editions.EDITIONS),
        default="student",
        help="live: to teach from, with empty cells; %%reveal brings their code",
    )
    start.add_argument("--dir", help="folder for the copies (default: my-labs)")
    start.add_argument(
        "--projector", action="store_true", help="larger text, code and figures; no sidebar"
    )
    start.add_argument(
        "--no-launch", action="store_true", help="write the copies, don't open JupyterLab"
    )
    start.set_defaults(run=_start)
    fetch = commands.add_parser(
        "fetch",
        help="download real photos, texts and voices for further experiments",
        epilog="Files go to $LABKIT_DATA, else to a cache. A download that broke off resumes.",
    )
    fetch.add_argument(
        "names", nargs="*", metavar="NAME", help="a set of the list, or all; without it, the list"
    )
    fetch.add_argument(
        "--list", action="store_true", help="show which sets there are and which you have"
    )
    fetch.add_argument("--mirror", metavar="URL", help="take the files from this server instead")
    fetch.add_argument(
        "--dir", help="folder for the files (set LABKIT_DATA to it, so that labs find them)"
    )
    fetch.set_defaults(run=_fetch)
    progress = commands.add_parser(
        "progress", help="show what you have solved, and how often you predicted right"
    )
    progress.add_argument("--dir", help="folder of your copies (default: my-labs)")
    progress.set_defaults(run=_progress)
    doctor = commands.add_parser(
        "doctor", help="look at this installation, and say how to mend what is wrong"
    )
    doctor.set_defaults(run=_doctor)
    _add_teaching(commands)
    return parser


def _add_teaching(commands: argparse._SubParsersAction) -> None:
    release = commands.add_parser(
        "release",
        help="make what you hand out: the student edition, labkit, data, a README",
        epilog="The same labs give the same bytes. Files that are not labkit's stay.",
    )
    release.add_argument("labs", nargs="*", metavar="LAB", help=_WHICH)
    release.add_argument("--path", choices=list(paths.PATHS), help="the labs of a path")
    release.add_argument("--to", required=True, metavar="DIR|FILE.zip", help="where to write it")
    release.set_defaults(run=_release)
    check = commands.add_parser(
        "check",
        help="check what students hand in: one notebook, a folder, or a zip file",
        description=CHECK,
        epilog=NOT_PROTECTED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("paths", nargs="+", metavar="PATH", help="notebooks, folders, zip files")
    check.add_argument(
        "--csv",
        metavar="FILE",
        help="also write the table to this file, and beside it what the check goes on from if it "
        "was ended",
    )
    check.add_argument(
        "--seconds", type=float, default=20.0, help="time limit for one exercise (20)"
    )
    check.add_argument(
        "--jobs", type=int, help="how many submissions at a time (default: one a core)"
    )
    check.add_argument(
        "--shard",
        type=_shard,
        default=(1, 1),
        metavar="K/N",
        help="check the K-th of N parts only, on this machine; at the end, the same command "
        "without --shard writes the whole table",
    )
    check.add_argument(
        "--exit-zero", action="store_true", help="exit with 0 even if someone isn't done"
    )
    _add_outlet(check.add_argument_group("what a teacher takes away", TAKE_AWAY))
    check.set_defaults(run=_check)


def _add_outlet(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--roster",
        metavar="FILE",
        help="the class, as a CSV file: Canvas's exported gradebook, Moodle's grading worksheet, "
        "or a list with titles (Name, ID number, Login, Email address)",
    )
    group.add_argument("--summary", metavar="FILE", help="a line a student: points and remarks")
    group.add_argument(
        "--gradebook", metavar="FILE", help="the roster with the points in it, to import again"
    )
    group.add_argument(
        "--feedback", metavar="DIR", help="a page a student, named as Moodle and Canvas want it"
    )
    group.add_argument(
        "--lab", action="append", metavar="LAB", help="count this lab only (may be given again)"
    )
    group.add_argument(
        "--column", metavar="TITLE", help="the gradebook's column, where no title names the lab"
    )


def _outlet(options: argparse.Namespace):
    from labkit.grading.outlet import Outlet

    asked = {
        "roster": options.roster,
        "summary": options.summary,
        "filled": options.gradebook,
        "pages": options.feedback,
        "labs": options.lab,
        "column": options.column,
    }
    return Outlet(**asked) if any(asked.values()) else None


def _shard(text: str) -> tuple[int, int]:
    try:
        number, parts = map(int, text.split("/"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not of the form K/N, as 3/8") from None
    return number, parts


def _release(options: argparse.Namespace, _: list[str]) -> int:
    from labkit.course import release

    print(release.write(options.labs, to=options.to, path=options.path))
    return 0


def _check(options: argparse.Namespace, _: list[str]) -> int:
    from labkit.grading import imports

    try:
        imports.refuse_students_modules(options.paths)
        from labkit.grading import command

        code = command.check_paths(
            options.paths,
            csv=options.csv,
            seconds=options.seconds,
            jobs=options.jobs,
            outlet=_outlet(options),
            shard=options.shard,
        )
    except (FileNotFoundError, ValueError) as error:
        return _complain(error, 2)
    except OSError as error:
        return _complain(error, 3)
    return 0 if code == 1 and options.exit_zero else code


def _start(options: argparse.Namespace, jupyters: list[str]) -> int:
    folder = options.dir or _own_folder(options.edition)
    report = copies.copy_labs(folder, edition=options.edition, labs=options.labs, path=options.path)
    print(report, flush=True)
    if other := another.another_version(Path.cwd(), report.folder.parent):
        print(f"labkit: {another.warning(other)}", file=sys.stderr, flush=True)
    if options.edition == "live" and report.first:
        page = report.folder.resolve() / notes.name_of(report.first)
        print(f"Speaker's notes, for a second window: {page.as_uri()}", flush=True)
    if options.no_launch:
        return 0
    os.environ.update(lab_server.environment(edition=options.edition, projector=options.projector))
    ours = jupyter_options(report.folder, report.page or report.first)
    ours += lab_server.options(edition=options.edition)
    return _launch(ours + jupyters)


def _fetch(options: argparse.Namespace, _: list[str]) -> int:
    from labkit.data import downloads, pins

    try:
        names = pins.chosen(options.names)
    except ValueError as error:
        return _complain(error, 2)
    if options.list or not names:
        print(*downloads.available(folder=options.dir), sep="\n")
    else:
        downloads.fetch_several(names, mirror=options.mirror, folder=options.dir)
    return 0


def _progress(options: argparse.Namespace, _: list[str]) -> int:
    from labkit.course import progress

    labs = progress.progress(options.dir or _own_folder("student"))
    print(progress.as_text(labs, encoding=sys.stdout.encoding or "utf-8"))
    return 0


def _doctor(options: argparse.Namespace, _: list[str]) -> int:
    from labkit.course import doctor

    return doctor.report(doctor.examine())


def _own_folder(edition: str) -> Path:
    """Where copies go unless --dir says: my-labs; this folder if it is that one."""
    here, name = Path.cwd(), _FOLDERS[edition]
    return here if here.name == name and (here / copies.MANIFEST).exists() else Path(name)


def jupyter_options(folder: Path, first: str | None = None) -> list[str]:
    """Options with which JupyterLab serves `folder`, opens `first`, and asks nothing of the web."""
    options = [
        f"--ServerApp.root_dir={folder.resolve()}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",  # the other one lists packages from the web
    ]
    if first:
        options.append(f"--LabApp.default_url=/lab/tree/{first}")
    if is_root():
        options.append("--allow-root")
    if not can_open_browser():
        options.append("--no-browser")
    return options


def is_root() -> bool:
    """Whether this runs as root, which JupyterLab wants to be told."""
    return hasattr(os, "getuid") and os.getuid() == 0


def can_open_browser() -> bool:
    """Whether a browser window can open here: not on a server, and not as Linux's root."""
    if sys.platform in ("win32", "darwin"):
        return "SSH_CONNECTION" not in os.environ
    if is_root() or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _launch(options: list[str]) -> int:
    """Serve JupyterLab, in this process: half of what that needs is imported already."""
    if "--no-browser" in options:
        print("No browser can open here: open the http://... address below in yours.", flush=True)
    from jupyterlab.labapp import main

    main(options)
    return 0


def _show_what_the_screen_can() -> None:
    """Print `?` for letters that the screen has not (Windows, pipes), instead of stopping."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _complain(error: Exception, code: int) -> int:
    print(f"labkit: {error}", file=sys.stderr)
    return code
