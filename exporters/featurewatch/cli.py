"""The command line: parse, call, print. `featurewatch --help` lists what there is."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from featurewatch import project as projects
from featurewatch.amtool import AmtoolError
from featurewatch.demo.scenes import SCENES
from featurewatch.faults import Faulty
from featurewatch.promtool import PromtoolError
from featurewatch.tools.errors import ToolError

FAULTY = 2
"""Exit status when what the user wrote cannot be used; nothing was changed then."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. 0: done; 1: it found or met something wrong; 2: the input or the call cannot be used."""
    from featurewatch.demo.scenes import NoSuchScene
    from featurewatch.demo.story import StoryError
    from featurewatch.native.errors import StackError

    options = _parser().parse_args(arguments)
    try:
        project = projects.find(Path.cwd(), os.environ)
        return _run(project, options)
    except (Faulty, NoSuchScene) as error:
        print(error, file=sys.stderr)
        return FAULTY
    except (ToolError, PromtoolError, AmtoolError, StackError, StoryError) as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _run(project: projects.Project, options: argparse.Namespace) -> int:
    # Imported when called for, so that `status` need not load the compiler.
    match options.command:
        case "generate":
            from featurewatch.commands import generate

            return generate.run(project)
        case "check":
            from featurewatch.commands import check

            return check.run(project)
        case "tools":
            from featurewatch.commands import tools

            return tools.run(project)
        case "demo":
            from featurewatch.commands import demo

            return demo.run(project, options.scene, as_json=options.json)
        case _:
            from featurewatch.commands import stack

            return stack.run(project, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="featurewatch", description="Observability as code for feature extraction.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("generate", help="objectives.yaml to rules, tests, routes, dashboards, documents")
    commands.add_parser("check", help="everything that can be checked without running it")
    commands.add_parser("tools", help="find or fetch Prometheus, Alertmanager and their tools")
    up = commands.add_parser("up", help="start the stack and say what is where")
    up.add_argument("--runtime", choices=("auto", "native", "docker"), default="auto")
    up.add_argument("--without-example", action="store_true", help="neither the example extractor nor the inbox")
    commands.add_parser("down", help="stop the stack; data is kept")
    status = commands.add_parser("status", help="what runs where, since when")
    status.add_argument("--json", action="store_true")
    logs = commands.add_parser("logs", help="the last lines of one part")
    logs.add_argument("part", nargs="?", default="")
    logs.add_argument("--lines", type=int, default=50)
    logs.add_argument("--follow", action="store_true")
    commands.add_parser("reload", help="check the configuration, then let the running stack take it")
    demo = commands.add_parser("demo", help="tell a story on the running stack")
    demo.add_argument("scene", nargs="?", default="slow", metavar="SCENE", help=", ".join(SCENES))
    demo.add_argument("--json", action="store_true", help="the timeline as JSON at the end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
