"""Statements that may run or not, or several times: each way is followed, and what they agree on remains known."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import partial

from aml_pipeline.project.contract import mentions
from aml_pipeline.project.contract.calls import EndError
from aml_pipeline.project.contract.data import iterated
from aml_pipeline.project.contract.expressions import BUILTINS
from aml_pipeline.project.contract.names import Flow, Names
from aml_pipeline.project.contract.symbols import ANYTHING, Branch, Known, Scope


class Branches(Names):
    """Follows conditions, loops and handlers of exceptions."""

    def __init__(self) -> None:
        super().__init__()
        self._branches = 0

    def branched(self, ways: Sequence[Callable[[], object]]) -> None:
        """Follow each of ``ways``, of which at most one is taken, or none."""
        self._ways([*ways, lambda: None])

    def _ways(self, ways: Sequence[Callable[[], object]], *, whole: bool = False) -> Flow:
        """Follow each of ``ways``, of which one is taken; ``whole``: the first is what mostly happens."""
        where, before = self.where, [dict(scope) for scope in self.scopes]
        frame = self._frames[-1]
        left, skipped = len(frame.left), len(frame.skipped)
        after: list[list[Scope]] = []
        flows: list[Flow] = []
        for number, way in enumerate(ways):
            self._branches += 1
            self.where = (*where, Branch(self._branches, whole and number == 0))
            try:
                flows.append(_flow(way()))
            except EndError:
                pass
            else:
                if flows[-1] != "return":
                    after.append([dict(scope) for scope in self.scopes])
            self._restore(before)
        flow = self._after_ways(flows, after)
        self.where = (*where, *frame.left[left:], *frame.skipped[skipped:])
        return flow

    def _restore(self, scopes: Sequence[Scope]) -> None:
        for scope, old in zip(self.scopes, scopes, strict=True):
            scope.clear()
            scope.update(old)

    def _after_ways(self, flows: list[Flow], after: list[list[Scope]]) -> Flow:
        """Join what the ways leave behind; what follows stands under the condition that none left."""
        if not flows:
            raise EndError
        if after:
            self._join(after)
        leaving = {one for one in flows if one is not None}
        if len(leaving) == 1 and None not in flows:
            return flows[0]
        frame = self._frames[-1]
        if "return" in leaving:
            self._branches += 1
            frame.left.append(Branch(self._branches, all(isinstance(one, Known) for one in frame.returned)))
        if leaving - {"return"}:
            self._branches += 1
            frame.skipped.append(Branch(self._branches, whole=False))
        return None if None in flows else "continue"

    def _join(self, after: list[list[Scope]]) -> None:
        for number, scope in enumerate(self.scopes):
            states = [one[number] for one in after]
            for name in {name for state in states for name in state}:
                values = [state[name] for state in states if name in state]
                if len(values) < len(states) and name in BUILTINS:
                    values.append(ANYTHING)
                scope[name] = self._joined_values(values)

    def _if(self, node: ast.If) -> Flow:
        truth = self.truth_of(self.value(node.test))
        if truth is not None:
            return self.block(node.body if truth else node.orelse)
        for leaving, other in ((node.body, node.orelse), (node.orelse, node.body)):
            if leaving and mentions.leaves(leaving):
                flow = self._ways([partial(self.block, leaving), lambda: None])
                return flow or self.block(other)
        return self._ways([lambda: self.block(node.body), lambda: self.block(node.orelse)])

    def _match(self, node: ast.Match) -> Flow:
        self.escape(self.value(node.subject))
        for name in mentions.assigned(node.cases):
            self._name(name, ANYTHING)
        return self._ways([*((lambda case=case: self.block(case.body)) for case in node.cases), lambda: None])

    def _for(self, node: ast.For) -> Flow:
        items = iterated(self.value(node.iter))
        if items is None:
            return self._repeated(node)

        def body() -> Flow:
            for item in items:
                self.bind(node.target, item)
                flow = self.block(node.body)
                if flow in {"return", "break"}:
                    return flow
            return None

        flow = self._loop(body)
        if flow == "return":
            return flow
        return None if flow == "break" else self.block(node.orelse)

    def _loop(self, body: Callable[[], Flow]) -> Flow:
        """Follow a loop: that it may have been left early is no condition of what follows it."""
        frame, where = self._frames[-1], self.where
        left, skipped = len(frame.left), len(frame.skipped)
        flow = body()
        del frame.skipped[skipped:]
        self.where = (*where, *frame.left[left:])
        return flow

    def _while(self, node: ast.While) -> Flow:
        return self._repeated(node)

    def _repeated(self, node: ast.For | ast.While) -> Flow:
        """Follow a body that runs nobody knows how often, with names that stand for something else each time."""
        names = mentions.assigned([node])

        def body() -> Flow:
            if isinstance(node, ast.While):
                self.value(node.test)
            flow = self.block(node.body)
            return flow if flow == "return" else None

        self._forget(names)
        self._loop(lambda: self._ways([body, lambda: None]))
        self._forget(names)
        return self.block(node.orelse)

    def _forget(self, names: set[str]) -> None:
        for name in names:
            self._drop(self.lookup(name))
            self._name(name, ANYTHING)

    def _with(self, node: ast.With) -> Flow:
        for one in node.items:
            self.escape(self.value(one.context_expr))
            if one.optional_vars is not None:
                self.bind(one.optional_vars, ANYTHING)
        expressions = [one.context_expr for one in node.items]
        catches = any(map(mentions.catches_exit, expressions))

        def body() -> Flow:
            self.guards += catches
            try:
                return self.block(node.body)
            finally:
                self.guards -= catches

        if any(map(mentions.suppresses, expressions)):
            return self._ways([body, lambda: None], whole=True)
        return body()

    def _try(self, node: ast.Try) -> Flow:
        catches = mentions.outlives_exit(node)
        handlers = [lambda handler=handler: self._handler(handler) for handler in node.handlers]

        def body() -> Flow:
            self.guards += catches
            self.tries += bool(handlers)
            try:
                flow = self.block(node.body)
            finally:
                self.guards -= catches
                self.tries -= bool(handlers)
            return flow or self.block(node.orelse)

        if all(mentions.leaves(handler.body) for handler in node.handlers):
            flow = body()
            if handlers:
                self._ways([*handlers, lambda: None])
        else:
            flow = self._ways([body, *handlers], whole=True)
        return self.block(node.finalbody) or flow

    def _handler(self, handler: ast.ExceptHandler) -> Flow:
        if handler.name:
            self._name(handler.name, ANYTHING)
        return self.block(handler.body)


def _flow(result: object) -> Flow:
    """Return how a way ended; what is no flow is the value of an expression."""
    if result == "return":
        return "return"
    return "break" if result == "break" else "continue" if result == "continue" else None
