"""Datasets and outputs as SDK objects, each with the name of its port."""

from __future__ import annotations

from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace import not_found
from aml_pipeline.azureml.workspace.refusals import NOT_FOUND, address_of, status_of
from aml_pipeline.core.masking import keep_secret
from aml_pipeline.pipeline.plan.settings import DatasetPlace, OutputSettings
from aml_pipeline.pipeline.spec.data import RUN

# The path of a run's output; Azure ML fills in these two names and no others (azureml.data.output_dataset_config).
_DESTINATION = "dataset/{run-id}/{output-name}"


def dataset(workspace: Sdk, name: str, place: DatasetPlace) -> Sdk:
    """Return a dataset, a FileDataset or a TabularDataset.

    None if it is optional and the workspace does not have it. Raises AzureError for other missing datasets.
    """
    if not place.is_remote:
        return None
    with doing(f"looking up dataset {name}"):
        found = _registered(workspace, name, place) if place.registered else _saved(workspace, place)
        if found is None:
            return None
        is_table = type(found).__name__ != "FileDataset"
        if is_table and place.type != "table":
            raise not_found.no_files(workspace.name, name, str(place.registered))
        if place.type == "table" and not is_table:
            raise not_found.of_another_type(workspace.name, name, place, "folder")
        return found


def consumed(found: Sdk, place: DatasetPlace, port: str) -> Sdk:
    """Return a dataset, or a parameter for one, as an input of a step.

    The script gets the path of a folder, or of the file if the dataset was made from the path of one file
    (``DatasetConsumptionConfig.as_mount`` and ``as_download``); of a table it gets the id.
    """
    from azureml.data.dataset_consumption_config import DatasetConsumptionConfig

    named = DatasetConsumptionConfig(port, found)
    if place.type == "table":
        return named
    return named.as_download() if place.mode.endswith("download") else named.as_mount()


def path(workspace: Sdk, place: DatasetPlace) -> Sdk:
    """Return a path on a datastore that a path parameter can have."""
    from azureml.data.datapath import DataPath

    return DataPath(datastore(workspace, place.datastore), place.path)


def path_consumed(parameter: Sdk, place: DatasetPlace, port: str) -> Sdk:
    """Return a path parameter as an input of a step.

    The SDK makes the same object of the pair in its notebooks, but calls its port like the path, with a random name
    unless the path has one, and the same name in all steps (``_PipelineIO`` of azureml-pipeline-core 1.61).
    """
    from azureml.data.datapath import DataPathComputeBinding
    from azureml.pipeline.core.graph import _PipelineIO

    binding = DataPathComputeBinding(mode="download" if place.mode.endswith("download") else "mount")
    return _PipelineIO(datapath_param=parameter, datapath_compute_binding=binding, name=port)


def _registered(workspace: Sdk, name: str, place: DatasetPlace) -> Sdk:
    from azureml.core import Dataset

    try:
        return Dataset.get_by_name(workspace, place.registered, version=_version(place.version))
    except Exception as error:  # the SDK raises bare Exception
        if "RSLex" in str(error):  # after any such refusal, the SDK recommends an older version
            raise not_found.unreadable(name, str(place.registered)) from error
        if "Cannot find dataset" not in str(error):  # the SDK's own message for 404, without the status
            raise
        if place.optional:
            return None
        raise not_found.dataset(workspace.name, name, place) from error


def _saved(workspace: Sdk, place: DatasetPlace) -> Sdk:
    from azureml.core import Dataset

    return Dataset.File.from_files((datastore(workspace, place.datastore), place.path), validate=False)


def _version(text: str | None) -> int | str:
    return "latest" if text in {None, "latest"} else int(str(text))


def version_of(found: Sdk) -> str:
    """Return the version of a registered dataset; "" for a path on a datastore."""
    return str(getattr(found, "version", None) or "")


def assigned(workspace: Sdk, value: Sdk) -> str:
    """Return the value of a parameter for data as Azure ML lists it: a path on a datastore, or the id of saved data."""
    if type(value).__name__ == "DataPath":
        return path_as_text(value.datastore_name, value.path_on_datastore)
    return str(value.id or value._ensure_saved(workspace))  # noqa: SLF001 - as the SDK does for an assignment


def path_as_text(datastore: str, path: str | None) -> str:
    """Return a path on a datastore as the file writes it."""
    return f"azureml://datastores/{datastore}/paths/{(path or '').lstrip('/')}"


def datastore(workspace: Sdk, name: str | None) -> Sdk:
    """Return a datastore by name. Raises AzureError."""
    from azureml.core import Datastore

    with doing(f"looking up datastore {name}"):
        try:
            return Datastore.get(workspace, name)
        except Exception as error:  # the SDK raises bare Exception
            if status_of(error) == NOT_FOUND and "/discovery/" not in address_of(error):
                raise not_found.datastore(workspace.name, name) from error
            raise


def default_datastore(workspace: Sdk) -> Sdk:
    """Return the default datastore of outputs.

    The SDK looks it up too, but treats any refusal as its absence, and fails later with its own message. Raises
    AzureError.
    """
    with doing("looking up the default datastore"):
        try:
            return workspace.get_default_datastore()
        except Exception as error:  # the SDK raises bare Exception
            if status_of(error) == NOT_FOUND and "/discovery/" not in address_of(error):
                raise not_found.default_datastore(workspace.name) from error
            raise


def container(workspace: Sdk, name: str) -> Sdk:
    """Return the blob container of a datastore, to upload data to. Raises AzureError if it has none."""
    store = datastore(workspace, name)
    if store.datastore_type != "AzureBlob":
        raise not_found.no_container(name, store.datastore_type)
    secret = store.sas_token or store.account_key
    if not secret:  # SDK v1 would try without a login
        raise not_found.no_key(name)
    keep_secret(secret)
    return store.blob_service.get_container_client(store.container_name)


def output(workspace: Sdk, name: str, settings: OutputSettings) -> Sdk:
    """Return a new output of a step."""
    from azureml.data import OutputFileDatasetConfig

    made = OutputFileDatasetConfig(name=name, destination=_destination(workspace, settings))
    # In upload mode, the SDK keeps files that are already there unless told otherwise.
    made = made.as_mount() if settings.mode == "mount" else made.as_upload(overwrite=settings.overwrite)
    return made.register_on_complete(settings.register_as) if settings.register_as else made


def _destination(workspace: Sdk, settings: OutputSettings) -> tuple[Sdk, str] | None:
    """Return the datastore and the path of an output, or None for the SDK's own."""
    if not (settings.datastore or settings.path):
        return None
    store = datastore(workspace, settings.datastore) if settings.datastore else default_datastore(workspace)
    return store, settings.path.replace(RUN, "{run-id}") if settings.path else _DESTINATION
