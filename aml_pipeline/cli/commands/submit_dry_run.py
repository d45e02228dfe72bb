"""``submit --dry-run``: what would be sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from aml_pipeline.azureml import uploads
from aml_pipeline.azureml.adaptation import adapt, by_hand, said
from aml_pipeline.core.masking import redacted
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan import drawing
from aml_pipeline.pipeline.plan.model import Plan, Step, datasets_of
from aml_pipeline.pipeline.spec.parameters import shown
from aml_pipeline.project.folder import Project


def show(  # noqa: PLR0913 - what a dry run shows
    plan: Plan,
    project: Project,
    alone: Step | None,
    tags: Mapping[str, str],
    *,
    names: Sequence[str] = (),
    varies: Collection[str] = (),
) -> None:
    """Print what would be sent; ``names`` are those of the combinations of the parameters in ``varies``."""
    plan = uploads.here(plan, project)
    sent, remarks = adapt(by_hand(plan, alone))
    if plan.workspace:
        print(f"workspace {plan.workspace}")
    print(f"experiment {plan.experiment}")
    for steps in [[alone]] if alone else drawing.declared(plan).values():
        _show_step(plan, project, steps, alone=bool(alone))
    texts = redaction.parameters(plan)
    for tag, value in redacted(tags).items():
        print(f"tag {tag} {shown(value)}")
    for parameter in sent.parameters:
        if parameter not in varies:
            print(f"parameter {parameter} {shown(texts[parameter])}")
    for number, name in enumerate(names, 1):
        print(f"run {number} with {name}")
    for dataset, place in redaction.places({**_places(plan, sent.steps), **plan.data}).items():
        print(f"dataset {dataset} {shown(place)}")
    for text in [*uploads.announced(plan, project, sent.steps), *said(remarks, alone)]:
        print(text)
    print("Nothing was submitted.")


def _places(plan: Plan, steps: Iterable[Step]) -> dict[str, str]:
    """Return the places of the datasets that ``steps`` read from where Azure ML has them."""
    read = {name: plan.datasets[name] for name in datasets_of(steps)}
    return {name: place.address for name, place in read.items() if place.address and not place.upload}


def _show_step(plan: Plan, project: Project, steps: Sequence[Step], *, alone: bool) -> None:
    """Print what would be sent of a step, which may be several variants."""
    step, name = steps[0], steps[0].title if alone else drawing.label(steps)
    where = step.compute.name if step.compute else ""
    environment = step.environment
    image = (environment.name or environment.registered or environment.curated) if environment else ""
    reads = dict.fromkeys(f"{plan.step(token.step).declared}.{token.name}" for each in steps for token in each.inputs)
    comes_after = dict.fromkeys(plan.step(name).declared for each in steps for name in each.after)
    after = f", after {', '.join([*reads, *comes_after])}" if step.upstream else ""
    more = len(project.snapshot(step).digests) - (step.script is not None)
    others = f" and {counted(more, 'more file' if step.script else 'file')}" if more else ""
    print(f"{name}: {redaction.program(step)}{others}, on {where}, in {image}{after}")
    for output, settings in step.outputs.items() if not alone else ():
        if settings.model:
            print(f"{name}.{output}: registered as model {settings.model.name}")
