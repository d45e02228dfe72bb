"""The requirements of well-known distributions, all recent versions together, for a Python without them.

A name too many means a missing warning, a name too few a false warning; so these are the requirements of all versions
of the last years, without extras. A distribution that is not listed may require anything.
"""

from __future__ import annotations

_AZURE_CORE = "requests six typing-extensions isodate azure-core"
_ASKS = {
    "absl-py": "six",
    "accelerate": "numpy packaging psutil pyyaml torch huggingface-hub safetensors",
    "aiohttp": "attrs multidict yarl aiosignal frozenlist async-timeout charset-normalizer aiohappyeyeballs propcache",
    "altair": "jinja2 jsonschema narwhals packaging typing-extensions numpy pandas toolz entrypoints",
    "attrs": "",
    "azure-core": "requests six typing-extensions",
    "azure-identity": f"{_AZURE_CORE} cryptography msal msal-extensions",
    "azure-keyvault-secrets": f"{_AZURE_CORE} azure-common msrest",
    "azure-storage-blob": f"{_AZURE_CORE} cryptography msrest",
    "azure-storage-file-datalake": f"{_AZURE_CORE} azure-storage-blob msrest",
    "azureml-core": (
        "adal argcomplete azure-common azure-core azure-graphrbac azure-mgmt-authorization "
        "azure-mgmt-containerregistry azure-mgmt-core azure-mgmt-keyvault azure-mgmt-network azure-mgmt-resource "
        "azure-mgmt-storage backports-tempfile contextlib2 cryptography docker humanfriendly jmespath jsonpickle "
        "knack msal msal-extensions msrest msrestazure ndg-httpsclient packaging paramiko pathspec pkginfo pyjwt "
        "pyopenssl python-dateutil pytz requests ruamel-yaml secretstorage urllib3 tabulate pyyaml pynacl bcrypt "
        "isodate"
    ),
    "azureml-dataprep": (
        "azure-identity azureml-dataprep-native azureml-dataprep-rslex cloudpickle jsonschema pyyaml attrs pip "
        "dotnetcore2"
    ),
    "azureml-dataset-runtime": "azureml-dataprep numpy pyarrow fusepy pandas",
    "azureml-defaults": (
        "azureml-core azureml-dataset-runtime azureml-inference-server-http flask flask-cors gunicorn configparser "
        "json-logging-py applicationinsights inference-schema wrapt opencensus opencensus-ext-azure psutil pydantic "
        "pydantic-settings python-dotenv waitress"
    ),
    "azureml-mlflow": "azureml-core mlflow-skinny mlflow jsonpickle azure-identity azure-common",
    "beautifulsoup4": "soupsieve typing-extensions",
    "boto3": "botocore jmespath s3transfer",
    "botocore": "jmespath python-dateutil urllib3",
    "bokeh": "jinja2 contourpy numpy packaging pandas pillow pyyaml tornado xyzservices narwhals typing-extensions",
    "catboost": "graphviz matplotlib numpy pandas scipy plotly six",
    "category-encoders": "numpy pandas patsy scikit-learn scipy statsmodels importlib-resources",
    "click": "colorama importlib-metadata",
    "cloudpickle": "",
    "cryptography": "cffi pycparser typing-extensions",
    "cython": "",
    "datasets": (
        "numpy pyarrow dill pandas requests tqdm xxhash multiprocess fsspec aiohttp huggingface-hub packaging pyyaml "
        "filelock responses httpx"
    ),
    "duckdb": "",
    "fastparquet": "pandas numpy cramjam fsspec packaging thrift numba",
    "filelock": "",
    "flask": "werkzeug jinja2 itsdangerous click blinker importlib-metadata markupsafe",
    "fsspec": "",
    "gunicorn": "packaging setuptools",
    "h5py": "numpy cached-property",
    "httpx": "anyio certifi httpcore idna sniffio h11 exceptiongroup",
    "huggingface-hub": (
        "filelock fsspec packaging pyyaml requests tqdm typing-extensions hf-xet httpx shellingham typer"
    ),
    "hyperopt": "numpy scipy six networkx future tqdm cloudpickle py4j",
    "imbalanced-learn": "numpy scipy scikit-learn joblib threadpoolctl sklearn-compat",
    "jinja2": "markupsafe",
    "joblib": "cloudpickle",
    "jsonschema": "attrs jsonschema-specifications referencing rpds-py importlib-metadata pyrsistent six",
    "keras": "absl-py numpy rich namex h5py optree ml-dtypes packaging scipy pyyaml six",
    "lightgbm": "numpy scipy scikit-learn wheel",
    "llvmlite": "",
    "loguru": "colorama win32-setctime aiocontextvars",
    "lxml": "",
    "markupsafe": "",
    "matplotlib": (
        "contourpy cycler fonttools kiwisolver numpy packaging pillow pyparsing python-dateutil importlib-resources "
        "six certifi setuptools setuptools-scm"
    ),
    "mlflow": (
        "mlflow-skinny mlflow-tracing alembic sqlalchemy flask flask-cors docker graphene gunicorn waitress markdown "
        "matplotlib numpy pandas pyarrow scikit-learn scipy jinja2 querystring-parser prometheus-flask-exporter "
        "cryptography huey skops aiohttp"
    ),
    "mlflow-skinny": (
        "cachetools click cloudpickle databricks-cli databricks-sdk entrypoints fastapi gitpython importlib-metadata "
        "opentelemetry-api opentelemetry-sdk opentelemetry-proto packaging protobuf pydantic python-dotenv pytz pyyaml "
        "requests sqlparse typing-extensions uvicorn"
    ),
    "mpmath": "",
    "narwhals": "",
    "networkx": "numpy scipy decorator",
    "nltk": "click joblib regex tqdm six",
    "numba": "numpy llvmlite importlib-metadata setuptools",
    "numpy": "",
    "omegaconf": "pyyaml antlr4-python3-runtime",
    "hydra-core": "omegaconf antlr4-python3-runtime packaging importlib-resources",
    "onnx": "numpy protobuf typing-extensions ml-dtypes",
    "onnxruntime": "coloredlogs flatbuffers numpy packaging protobuf sympy",
    **dict.fromkeys(
        ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"), "numpy"
    ),
    "openpyxl": "et-xmlfile jdcal",
    "optuna": "alembic colorlog numpy packaging sqlalchemy tqdm pyyaml cmaes cliff scipy joblib",
    "packaging": "pyparsing six",
    "pandas": "numpy python-dateutil pytz tzdata six",
    "patsy": "numpy six",
    "pillow": "",
    "plotly": "tenacity packaging narwhals retrying six",
    "polars": "typing-extensions polars-runtime-32 pyarrow numpy",
    "protobuf": "six",
    "psutil": "",
    "psycopg2": "",
    "psycopg2-binary": "",
    "pyarrow": "numpy",
    "pydantic": "annotated-types pydantic-core typing-extensions typing-inspection",
    "pymongo": "dnspython",
    "pyodbc": "",
    "python-dateutil": "six tzdata",
    "python-dotenv": "",
    "pytz": "",
    "pyyaml": "",
    "regex": "",
    "requests": "certifi charset-normalizer chardet idna urllib3",
    "safetensors": "",
    "scikit-image": "numpy scipy networkx pillow imageio tifffile pywavelets packaging lazy-loader matplotlib dask",
    "scikit-learn": "joblib narwhals numpy scipy threadpoolctl",
    "scipy": "numpy",
    "seaborn": "matplotlib numpy pandas scipy statsmodels",
    "sentencepiece": "",
    "shap": "numpy scipy scikit-learn pandas tqdm packaging slicer numba cloudpickle typing-extensions",
    "six": "",
    "sqlalchemy": "greenlet typing-extensions importlib-metadata",
    "statsmodels": "numpy scipy pandas patsy packaging",
    "sympy": "mpmath",
    "tabulate": "",
    "tenacity": "",
    "threadpoolctl": "",
    "tokenizers": "huggingface-hub",
    "toml": "",
    "torch": (
        "filelock fsspec jinja2 networkx numpy setuptools sympy typing-extensions triton optree future pillow pyyaml "
        "mkl"
    ),
    "torchaudio": "torch",
    "torchmetrics": "torch numpy packaging lightning-utilities typing-extensions pretty-errors",
    "torchvision": "torch numpy pillow requests typing-extensions",
    "tqdm": "colorama",
    "transformers": (
        "filelock huggingface-hub numpy packaging pyyaml regex requests tokenizers safetensors tqdm sacremoses "
        "importlib-metadata typer typer-slim"
    ),
    "typing-extensions": "",
    "urllib3": "",
    "xgboost": "numpy scipy nvidia-nccl-cu12 scikit-learn pandas",
    "xlrd": "",
    "xlsxwriter": "",
}  # fmt: skip


def asks_for(distribution: str) -> tuple[str, ...] | None:
    """Return the direct requirements of a distribution (by its normalized name); None if they are unknown."""
    names = _ASKS.get(distribution)
    return None if names is None else tuple(names.split())
