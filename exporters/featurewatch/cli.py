"""The command line: parse, call, print. `featurewatch --help` lists what there is."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path
from types import FrameType

from featurewatch import project as projects
from featurewatch.commands import responder_options
from featurewatch.demo.errors import NoSuchScene
from featurewatch.faults import Failure, Faulty

EXIT_STATUS = """\
exit status:
  0    done, and nothing is wrong
  1    something is wrong with what was checked, started or asked; standard error says what
  2    the call, objectives.yaml or the environment cannot be used; nothing was changed
  130  interrupted from the keyboard; what was begun was taken back (143: told to end, 129: the terminal went away)
  141  whoever read the output went away
"""

SCENES = "slow (the default), cache, fallback, errors, down, escalation or repair"
"""Said here once more: whoever asks for help need not load the compiler, which knows what a scene is about."""

FAULTY = 2
INTERRUPTED = 130
UNREAD = 141

_REMEDIES = {
    errno.ENOSPC: "free some space, then run this again",
    errno.EDQUOT: "free some of your quota, then run this again",
    errno.EROFS: f"write elsewhere: {projects.STATE_VARIABLE} names the folder for data and logs",
    errno.EACCES: f"let this user write there, or name another folder in {projects.STATE_VARIABLE}",
    errno.EPERM: f"let this user write there, or name another folder in {projects.STATE_VARIABLE}",
    errno.ENAMETOOLONG: f"name a shorter folder in {projects.STATE_VARIABLE}",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit status, as EXIT_STATUS lists them."""
    options = _parser().parse_args(arguments)
    try:
        with _told_to_end():
            if options.command in responder_options.COMMANDS:
                from featurewatch.commands import responder

                result = responder.run(options, Path.cwd(), os.environ)
            else:
                result = _run(projects.find(Path.cwd(), os.environ), options)
            sys.stdout.flush()
            return result
    except (Faulty, NoSuchScene) as error:
        print(error, file=sys.stderr)
        return FAULTY
    except Failure as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except OSError as error:
        print(_of_the_machine(error), file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "featurewatch").startswith("featurewatch"):
            raise
        needed = f"`featurewatch {options.command}` needs the Python package {error.name}"
        print(f"{needed}; install it with: pip install 'featurewatch[demo]'", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _run(project: projects.Project, options: argparse.Namespace) -> int:
    # Imported when called for, so that `status` need not load the compiler.
    match options.command:
        case "generate":
            from featurewatch.commands import generate

            return generate.run(project, as_json=options.json)
        case "check":
            from featurewatch.commands import check

            return check.run(project, as_json=options.json, live=options.live)
        case "backtest":
            from featurewatch.commands import backtest

            return backtest.run(project, options)
        case "lint":
            from featurewatch.commands import lint

            return lint.run(project, options)
        case "tools":
            from featurewatch.commands import tools

            return tools.run(project, as_json=options.json)
        case "demo":
            from featurewatch.commands import demo

            return demo.run(project, options.scene, as_json=options.json)
        case "preview":
            from featurewatch.commands import preview

            return preview.run(project, options)
        case "grafana":
            from featurewatch.commands import grafana

            return grafana.run(project, os.environ)
        case "exporter":
            from featurewatch.commands import exporter

            return exporter.run(options)
        case _:
            from featurewatch.commands import stack

            return stack.run(project, options)


def _parser() -> argparse.ArgumentParser:
    from featurewatch.commands import exporter, preview

    parser = argparse.ArgumentParser(
        prog="featurewatch",
        description="Observability as code for feature extraction.",
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"featurewatch {_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    json = argparse.ArgumentParser(add_help=False)
    json.add_argument("--json", action="store_true", help="print JSON instead of text")

    commands.add_parser(
        "generate", parents=[json], help="objectives.yaml to rules, tests, routes, dashboards, documents"
    )
    check = commands.add_parser("check", parents=[json], help="everything that can be checked without running it")
    check.add_argument("--live", metavar="URL", help="also ask this Prometheus every query of the dashboards")
    commands.add_parser("grafana", help="put the dashboards into the Grafana at GRAFANA_URL, read them back")
    backtest = commands.add_parser(
        "backtest", parents=[json], help="when each alert would have fired, over a Prometheus' history"
    )
    backtest.add_argument(
        "--url", default="http://127.0.0.1:9090", help="Prometheus' API, or one like it (%(default)s)"
    )
    backtest.add_argument("--since", default="30d", metavar="TIME", help="how far to look back (default: %(default)s)")
    backtest.add_argument("--until", type=float, metavar="EPOCH", help="seconds since the epoch (default: now)")
    backtest.add_argument("--alert", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    backtest.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="try objectives.<name>.limits.<severity>=<bound>",
    )
    backtest.add_argument(
        "--short", default="5m", metavar="TIME", help="tell the share of shorter firings (%(default)s)"
    )
    backtest.add_argument(
        "--step", metavar="TIME", help="evaluate this often instead of as the rules do: coarser, faster"
    )
    backtest.add_argument("--state", metavar="FILE", help="go on here after an interruption; holds the window, too")
    backtest.add_argument("--firings", action="store_true", help="list each firing")
    lint = commands.add_parser("lint", parents=[json], help="mistakes in rule files that promtool accepts")
    lint.add_argument("files", nargs="*", metavar="FILE", help="rule files; without any, ours")
    lint.add_argument("--live", metavar="URL", help="also ask this Prometheus which series and labels it never saw")
    lint.add_argument("--scrape-interval", metavar="TIME", help="instead of the one that follows from objectives.yaml")
    lint.add_argument("--metrics", metavar="FILE", help="names of further metrics that are exported, one a line")
    commands.add_parser("tools", parents=[json], help="find or fetch Prometheus, Alertmanager and their tools")
    up = commands.add_parser("up", parents=[json], help="start the stack and say what is where")
    up.add_argument("--runtime", choices=("auto", "native", "docker"), default="auto", help="default: auto")
    up.add_argument("--without-example", action="store_true", help="neither the example extractor nor the inbox")
    commands.add_parser("down", help="stop the stack; data is kept")
    commands.add_parser("status", parents=[json], help="what runs where, since when")
    logs = commands.add_parser("logs", help="the last lines of one part")
    logs.add_argument("part", nargs="?", default="", help="as `status` lists them")
    logs.add_argument("--lines", type=_count, default=50, help="how many (default: 50)")
    logs.add_argument("--follow", action="store_true", help="go on with each new line")
    commands.add_parser("reload", parents=[json], help="check the configuration, then let the running stack take it")
    demo = commands.add_parser("demo", help="tell a story on the running stack")
    demo.add_argument("scene", nargs="?", default="slow", metavar="SCENE", help=SCENES)
    demo.add_argument(
        "--json", action="store_true", help="the timeline as JSON at the end; the story on standard error"
    )
    exporter.add_arguments(commands.add_parser("exporter", help="metrics of this machine's processes, limits and GPUs"))
    preview.add_arguments(commands.add_parser("preview", help="the dashboards in a browser, or as pictures"))
    responder_options.add_commands(commands, json)
    return parser


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines")
    return int(text)


def _version() -> str:
    try:
        return installed_version("featurewatch")
    except PackageNotFoundError:
        return "(not installed: run from a checkout)"


@contextmanager
def _told_to_end() -> Iterator[None]:
    """While it lasts, SIGTERM and SIGHUP unwind like an interrupt does, so that whatever was begun is taken back."""
    ends = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        ends = []

    def end(number: int, _: FrameType | None) -> None:
        for other in ends:  # once is enough: a second one must not cut the clean-up short
            signal.signal(other, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for number in ends:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ends:
            signal.signal(number, signal.SIG_DFL)


def _of_the_machine(error: OSError) -> str:
    """What the operating system refused, where, and what to do."""
    what = f"{error.filename}: {error.strerror}" if error.filename is not None else str(error)
    remedy = _REMEDIES.get(error.errno or 0, "")
    return f"{what}; {remedy}" if remedy else what


if __name__ == "__main__":
    sys.exit(main())
