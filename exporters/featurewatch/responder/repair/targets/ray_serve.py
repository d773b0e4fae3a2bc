"""A deployment of Ray Serve, through the REST API of Ray's dashboard.

Its state:

    replicas         how many run (not how many were asked for)
    target           how many Ray wants
    status           `HEALTHY`, `UPDATING`, `UNHEALTHY`, …
    restarted_after  the moment of the last restart that was asked for here; empty before the first
    min_replicas, max_replicas   bounds, where Ray scales by itself
    num_cpus, num_gpus, memory, max_ongoing_requests   what each replica has, where it was said

Wished may be `replicas`, `restarted_after`, which replaces every replica, a few at a time, once for the same moment,
and what each replica has. Where an `autoscaling_config` decides, a number of replicas is the least that Ray shall run:
it would undo any other at once.

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

RESTARTED: Final = "FEATUREWATCH_RESTARTED_AFTER"
"""The environment variable of replicas that a restart changes: Ray replaces all that have another value."""

RESOURCES: Final = ("num_cpus", "num_gpus", "memory")
"""Of each replica; `memory` is in bytes."""

CONCURRENCY: Final = "max_ongoing_requests"

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
            "restarted_after": _variables(config).get(RESTARTED, ""),
        }
        options = config.get("ray_actor_options") or {}
        found |= {name: options[name] for name in RESOURCES if options.get(name) is not None}
        if config.get(CONCURRENCY) is not None:
            found[CONCURRENCY] = config[CONCURRENCY]
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
        """`key` is of no use to Ray: asking for the same state twice is the same as once."""
        try:
            request = self._request(self._details(), wished)
        except Unknown as error:
            raise Refused(f"{error}; nothing was sent") from None
        self._caller.send(*request)

    def holds(self, wished: State, found: State) -> bool:
        """Whether it came true: so many run, and none with what was before."""
        if set(wished) - {"replicas"} and found.get("status") != "HEALTHY":
            return False  # Ray has taken it, and old replicas run on until new ones do
        return all(self._is(name, value, found) for name, value in wished.items())

    def _is(self, name: str, value: Value, found: State) -> bool:
        if name == "replicas" and "min_replicas" in found:
            return found["min_replicas"] == value and _number(found["replicas"]) >= _number(value)
        if name == "restarted_after":
            return bool(found.get(name)) and str(found[name]) >= str(value)
        return name in found and found[name] == value

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
        deployment = self._found(details)
        application = details["applications"][self._application]
        scaling = (deployment.get("deployment_config") or {}).get("autoscaling_config")
        self._check(wished, scaling if isinstance(scaling, dict) else None)
        if set(wished) == {"replicas"} and application.get("external_scaler_enabled"):
            places = (quote(self._application, safe=""), quote(self._deployment, safe=""))
            path = "/api/v1/applications/{}/deployments/{}/scale".format(*places)
            return "POST", path, {"target_num_replicas": wished["replicas"]}
        return "PUT", APPLICATIONS, self._config(details, deployment, wished)

    def _check(self, wished: State, scaling: Mapping[str, Any] | None) -> None:
        what = f"target {self.name}"
        able = ("replicas", "restarted_after", CONCURRENCY, *RESOURCES)
        if not wished or not set(wished) <= set(able):
            raise Refused(f"{what} takes {', '.join(able)}; found {', '.join(sorted(wished)) or 'nothing'}")
        for name, value in wished.items():
            if name == "restarted_after":
                good, kind = isinstance(value, str) and value != "", "a moment, such as 2026-01-01T00:00:00+00:00"
            elif name in RESOURCES:
                good, kind = _number(value) >= 0, "a number from 0"
            else:
                good, kind = isinstance(value, int) and _number(value) >= 1, "a whole number from 1"
            if not good:
                raise Refused(f"{what}: {name} is {value!r}; give {kind}")
        most = (scaling or {}).get("max_replicas")
        if isinstance(most, int) and _number(wished.get("replicas", 0)) > most:
            raise Refused(f"{what} scales by itself to {most} replicas at most; {wished['replicas']} are more")

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
        scaling = current.get("autoscaling_config")
        for name in wished:
            if name == "replicas" and isinstance(scaling, dict):
                # What the file says is kept as it is: naming a policy that it leaves out makes Ray build all anew.
                said = {} if entry.get("num_replicas") == "auto" else scaling
                said = {**(entry.get("autoscaling_config") or said), "min_replicas": wished[name]}
                entry["autoscaling_config"] = {key: value for key, value in said.items() if key != "initial_replicas"}
            elif name == "replicas":
                entry["num_replicas"] = wished[name]
            elif name == CONCURRENCY:
                entry[name] = wished[name]
        if set(wished) & {"restarted_after", *RESOURCES}:
            options = copy.deepcopy(entry.get("ray_actor_options") or current.get("ray_actor_options") or {})
            options |= {name: wished[name] for name in RESOURCES if name in wished}
            if "restarted_after" in wished:
                environment = options.setdefault("runtime_env", {})
                environment["env_vars"] = _variables(current) | {RESTARTED: wished["restarted_after"]}
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
            key: {name: value if name == RESTARTED else "<hidden>" for name, value in inner.items()}
            if key == "env_vars" and isinstance(inner, Mapping)
            else _shown(inner)
            for key, inner in body.items()
        }
    return [_shown(inner) for inner in body] if isinstance(body, list) else body


def _number(value: Value) -> float:
    """-1 for what is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else -1.0
