"""Variables that a step has without declaring them, here or in Azure ML, or that tools read if they are set."""

from __future__ import annotations

# Modules that read variables from a file.
LOADERS = ("dotenv", "environs", "decouple")
# Set by the shell, the operating system, a login or a terminal.
_SYSTEM = (
    "APPDATA", "CI", "COLUMNS", "COMPUTERNAME", "COMSPEC", "DISPLAY", "EDITOR", "HOME", "HOMEDRIVE", "HOMEPATH",
    "HOST", "HOSTNAME", "HOSTTYPE", "IFS", "JAVA_HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LD_PRELOAD",
    "LINES", "LOCALAPPDATA", "LOGNAME", "LS_COLORS", "MACHTYPE", "MAIL", "NO_COLOR", "NUMBER_OF_PROCESSORS",
    "OLDPWD", "OS", "OSTYPE", "PAGER", "PATH", "PATHEXT", "PPID", "PROGRAMDATA", "PROGRAMFILES", "PWD", "SHELL",
    "SHLVL", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TERM", "TMP", "TMPDIR", "TZ", "UID", "USER", "USERDOMAIN",
    "USERNAME", "USERPROFILE", "VIRTUAL_ENV", "VISUAL", "WINDIR",
)  # fmt: skip
# For certificates and proxies.
_NETWORK = (
    "ALL_PROXY", "FTP_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "SSL_CERT_DIR", "SSL_CERT_FILE",
)  # fmt: skip
# Azure ML's, of the process and of distributed training (azureml-core's run configuration, Azure Batch AI, torchrun).
_AZURE = (
    "DEFAULT_IDENTITY_CLIENT_ID", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET",
    "OBO_ENDPOINT", "NODE_COUNT", "NODE_RANK", "RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK",
    "GROUP_WORLD_SIZE", "ROLE_RANK", "ROLE_NAME", "ROLE_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT",
    "NUM_GPUS_PER_NODE", "TF_CONFIG",
)  # fmt: skip
_NAMES = frozenset({*_SYSTEM, *_NETWORK, *_AZURE})

# Prefixes of the variables of tools. If a tool reads a variable, the script can do without it.
_BEGINNINGS = (
    # Azure ML, Azure Batch, and what a local run sets
    "AML_PARAMETER_", "AML_PIPELINE_", "AZUREML_", "AZ_BATCH", "AZ_LS_", "AZ_ML_", "AZUREML", "MLFLOW_",
    # Python, conda and the shell
    "PYTHON", "PIP_", "CONDA", "_CE_", "LC_", "XDG_", "SSH_", "SUDO_", "UV_", "POETRY_", "IPYTHON", "JUPYTER", "JPY_",
    # numbers and devices
    "CUDA", "CUBLAS_", "CUDNN_", "NVIDIA_", "NCCL_", "GLOO_", "ROCM_", "ROCR_", "HIP_", "OMP_", "KMP_", "MKL_",
    "OPENBLAS_", "BLIS_", "VECLIB_", "GOTO_", "NUMEXPR_", "NUMBA_", "JAX_", "XLA_", "TPU_", "NPY_", "MPL", "LOKY_",
    "JOBLIB_", "SKLEARN_", "SCIPY_", "TORCH", "PYTORCH_",
    "PL_GLOBAL_SEED", "KINETO_", "ACCELERATE_", "DEEPSPEED_", "TF_",
    "TF2_", "KERAS_", "ONNX", "OPENCV_", "RAPIDS_", "CUDF_", "CUPY_", "LIGHTGBM_", "XGBOOST_", "XGB_",
    # models, text, experiments
    "HF_", "HUGGINGFACE_", "TRANSFORMERS_", "TOKENIZERS_", "SENTENCE_TRANSFORMERS_", "NLTK_", "SPACY_",
    "WANDB_", "COMET_", "CLEARML_", "DVC_", "OTEL_", "RAY_", "DASK_", "SPARK_", "PYSPARK_", "HADOOP_", "ARROW_",
    # launchers and clusters
    "OMPI_", "PMI_", "PMIX_", "MPI", "I_MPI_", "MV2_", "HOROVOD_", "SLURM_", "PBS_", "LSB_", "SGE_", "KUBERNETES_",
    "TORCHELASTIC_", "GITHUB_", "GITLAB_", "TF_BUILD",
)  # fmt: skip


# Only the user has these, whatever tool they are for.
_KEYS = ("API_KEY", "HF_TOKEN", "HUGGINGFACE_TOKEN", "HUGGINGFACE_HUB_TOKEN", "ACCESS_TOKEN")


def is_known(name: str) -> bool:
    """Whether something other than the pipeline, or a common tool, sets the variable."""
    upper = name.upper()
    return upper in _NAMES or (upper.startswith(_BEGINNINGS) and not upper.endswith(_KEYS))
