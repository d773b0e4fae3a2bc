"""Real systems that actions act on. Each module is one kind of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from featurewatch.objectives import repair
from featurewatch.responder.repair.target import Target
from featurewatch.responder.repair.targets.hook import Hook
from featurewatch.responder.repair.targets.ray_serve import RayServe
from featurewatch.responder.repair.targets.retraining import Retraining
from featurewatch.routes.secrets import FOLDER, place

if TYPE_CHECKING:
    from featurewatch.responder.repair.targets.redis_cache import RedisCache


class TargetFault(Exception):
    """A declared target cannot be made; the message names it and says why."""


def made(declared: repair.Target, secrets: Path) -> Target:
    """The system that was declared; nothing is called yet. `secrets` is the folder that `secrets/` stands for.

    Raises TargetFault.
    """
    token, ca = (_secret(declared.name, file, secrets) for file in (declared.token_file, declared.ca_file))
    name, url, timeout, own = declared.name, declared.url, declared.timeout, declared.settings
    try:
        if declared.kind == "ray-serve":
            application, deployment = str(own["application"]), str(own["deployment"])
            return RayServe(name, url, application, deployment, timeout, token_file=token, ca_file=ca)
        if declared.kind == "retraining":
            least = own.get("minimum_samples")
            return Retraining(
                name,
                url,
                str(own["model"]),
                timeout,
                minimum_samples=None if least is None else int(least),
                deploy=bool(own.get("deploy", False)),
                token_file=token,
                ca_file=ca,
            )
        if declared.kind == "redis":
            refilled = int(own.get("refilled", 0))
            return _redis()(name, url, str(own["prefix"]), timeout, refilled=refilled, password_file=token, ca_file=ca)
        return Hook(name, url, timeout, token_file=token, ca_file=ca)
    except ValueError as error:
        raise TargetFault(str(error)) from None


def _redis() -> type[RedisCache]:
    try:
        from featurewatch.responder.repair.targets.redis_cache import RedisCache
    except ModuleNotFoundError as error:
        raise TargetFault("targets of kind redis need its client: pip install 'featurewatch[redis]'") from error
    return RedisCache


def _secret(name: str, declared: str | None, secrets: Path) -> Path | None:
    if declared is None:
        return None
    path = place(declared, secrets)
    if path is None:
        raise TargetFault(f"target {name}: {declared} lies outside the folder of secrets; write {FOLDER}NAME")
    return path
