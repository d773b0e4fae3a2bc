"""A deployment of Ray Serve, through the REST API of Ray's dashboard.

Its state:

    replicas      how many run (not how many were asked for)
    target        how many Ray wants
    status        `HEALTHY`, `UPDATING`, `UNHEALTHY`, …
    generation    the value of the last restart that was asked for here
    min_replicas, max_replicas   bounds, where Ray scales by itself

Wished are `{"replicas": n}`; `{"generation": TEXT}`, which replaces every replica, a few at a time, and does so once
for the same text; and `{"min_replicas": n}` where an `autoscaling_config` decides: there Ray would undo a number of
replicas at once, so what may be wished for is the floor.

Two ways lead there. An application with `external_scaler_enabled: true` takes a number of replicas for one deployment,
and nothing else is touched. One that was deployed from a config file takes the file again, as Ray keeps it, with the
one value changed. What `serve.run` deployed without that setting cannot be changed from outside; that is refused.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from featurewatch.responder.repair.target import Call, Refused, State, Unknown, Value
from featurewatch.responder.repair.targets.http import Caller

APPLICATIONS: Final = "/api/serve/applications/"

GENERATION: Final = "FEATUREWATCH_GENERATION"
"""The environment variable of replicas that a restart changes: Ray replaces all that have another value."""

KEPT: Final = ("proxy_location", "http_options", "grpc_options", "target_capacity")
"""What a config file says beside its applications, and Ray tells again."""


class RayServe:
    """One deployment of one application."""

    def __init__(
        self,
        name: str,
        url: str,
        application: str,
        deployment: str,
        timeout: float = 30.0,
        *,
        token_file: Path | None = None,
        ca_file: Path | None = None,
    ) -> None:
        """As `Caller`; `url` is that of Ray's dashboard, `timeout` is in seconds. Raises ValueError."""
        self.name = name
        self.timeout = timeout
        self._application = application
        self._deployment = deployment
        self._caller = Caller(name, url, timeout, token_file=token_file, ca_file=ca_file)

    def read(self) -> State:
        deployment = self._found(self._details())
        config = deployment.get("deployment_config") or {}
        running = [replica for replica in deployment.get("replicas") or [] if replica.get("state") == "RUNNING"]
        found: dict[str, Value] = {
            "replicas": len(running),
            "target": deployment.get("target_num_replicas"),
            "status": deployment.get("status"),
            "generation": _variables(config).get(GENERATION, ""),
        }
        scaling = config.get("autoscaling_config")
        if isinstance(scaling, dict):
            found |= {bound: scaling.get(bound) for bound in ("min_replicas", "max_replicas")}
        return found

    def calls(self, wished: State) -> tuple[Call, ...]:
        if self.holds(wished, self.read()):
            return ()
        method, path, body = self._request(self._details(), wished)
        return (Call(method, self._caller.told(path), json.dumps(_shown(body))),)

    def wish(self, wished: State, key: str) -> None:  # noqa: ARG002
        """`key` is of no use to Ray: asking for the same number or generation twice is the same as once."""
        try:
            details = self._details()
            self._found(details)
        except Unknown as error:
            raise Refused(f"{error}; nothing was sent") from None
        self._caller.send(*self._request(details, wished))

    def holds(self, wished: State, found: State) -> bool:
        """Once asked for and come true: so many replicas run, none of an earlier generation."""
        settled = found.get("status") == "HEALTHY" or "generation" not in wished
        return settled and all(name in found and found[name] == value for name, value in wished.items())

    def _details(self) -> Mapping[str, Any]:
        told = self._caller.read(APPLICATIONS)
        if not isinstance(told, dict):
            raise Unknown(f"target {self.name}: Ray answers with {type(told).__name__}; an object was expected")
        return told

    def _found(self, details: Mapping[str, Any]) -> Mapping[str, Any]:
        """The deployment as Ray tells it. Raises Unknown."""
        application = (details.get("applications") or {}).get(self._application)
        if not isinstance(application, dict):
            raise Unknown(f"target {self.name}: Ray Serve runs no application {self._application!r}")
        deployment = (application.get("deployments") or {}).get(self._deployment)
        if not isinstance(deployment, dict):
            what = f"application {self._application!r} has no deployment {self._deployment!r}"
            raise Unknown(f"target {self.name}: {what}; it is {application.get('status')}")
        return deployment

    def _request(self, details: Mapping[str, Any], wished: State) -> tuple[str, str, dict[str, Any]]:
        """The one call that asks for it. Raises Refused."""
        application = details["applications"][self._application]
        deployment = self._found(details)
        scaling = (deployment.get("deployment_config") or {}).get("autoscaling_config")
        self._check(wished, scaling if isinstance(scaling, dict) else None)
        if set(wished) == {"replicas"} and application.get("external_scaler_enabled"):
            places = (quote(self._application, safe=""), quote(self._deployment, safe=""))
            path = "/api/v1/applications/{}/deployments/{}/scale".format(*places)
            return "POST", path, {"target_num_replicas": wished["replicas"]}
        return "PUT", APPLICATIONS, self._config(details, deployment, wished)

    def _check(self, wished: State, scaling: Mapping[str, Any] | None) -> None:
        what = f"target {self.name}"
        if not wished or not set(wished) <= {"replicas", "min_replicas", "generation"}:
            raise Refused(f"{what} takes replicas, min_replicas and generation; found {sorted(wished)}")
        for name in ("replicas", "min_replicas"):
            value = wished.get(name, 1)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise Refused(f"{what}: {name} is {value!r}; give a whole number from 1")
        if not isinstance(wished.get("generation", ""), str):
            raise Refused(f"{what}: generation is {wished['generation']!r}; give a text that differs for each restart")
        if scaling is not None and "replicas" in wished:
            raise Refused(f"{what} scales by itself and would undo a number of replicas; wish for min_replicas")
        if "min_replicas" in wished:
            if scaling is None:
                raise Refused(f"{what} does not scale by itself; wish for replicas")
            most = scaling.get("max_replicas")
            if isinstance(most, int) and int(wished["min_replicas"] or 0) > most:
                raise Refused(f"{what}: min_replicas {wished['min_replicas']} is above its max_replicas {most}")

    def _config(self, details: Mapping[str, Any], deployment: Mapping[str, Any], wished: State) -> dict[str, Any]:
        """The config file as Ray keeps it, with what is wished for put into it. Raises Refused."""
        applications: list[dict[str, Any]] = []
        for name, application in details["applications"].items():
            config = application.get("deployed_app_config")
            if config is not None:
                applications.append(copy.deepcopy(config))
            elif name == self._application:
                what = f"application {name!r} was not deployed from a config file"
                how = "deploy it with `serve deploy`, or with external_scaler_enabled=True where scaling is all"
                raise Refused(f"target {self.name}: {what}, and cannot be changed from outside; {how}")
        [own] = [config for config in applications if config["name"] == self._application]
        deployments = own.setdefault("deployments", [])
        named = [entry for entry in deployments if entry["name"] == self._deployment]
        entry: dict[str, Any] = named[0] if named else {"name": self._deployment}
        if not named:
            deployments.append(entry)
        current = deployment.get("deployment_config") or {}
        if "replicas" in wished:
            entry["num_replicas"] = wished["replicas"]
        if "min_replicas" in wished:
            scaling = dict(current["autoscaling_config"]) | dict(entry.get("autoscaling_config") or {})
            entry["autoscaling_config"] = scaling | {"min_replicas": wished["min_replicas"]}
        if "generation" in wished:
            options = copy.deepcopy(entry.get("ray_actor_options") or current.get("ray_actor_options") or {})
            environment = options.setdefault("runtime_env", {})
            environment["env_vars"] = _variables(current) | {GENERATION: wished["generation"]}
            entry["ray_actor_options"] = options
        kept = {key: details[key] for key in KEPT if details.get(key) is not None}
        return {**kept, "applications": applications}


def _variables(config: Mapping[str, Any]) -> dict[str, str]:
    """The environment variables of a deployment's replicas."""
    environment = (config.get("ray_actor_options") or {}).get("runtime_env") or {}
    return dict(environment.get("env_vars") or {})


def _shown(body: Mapping[str, Any]) -> Any:
    """A body without the values of environment variables, which may be secrets; ours is none."""
    if isinstance(body, Mapping):
        return {
            key: {name: value if name == GENERATION else "<hidden>" for name, value in inner.items()}
            if key == "env_vars" and isinstance(inner, Mapping)
            else _shown(inner)
            for key, inner in body.items()
        }
    return [_shown(inner) for inner in body] if isinstance(body, list) else body
