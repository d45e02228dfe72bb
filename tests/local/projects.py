"""Projects that the tests of local runs begin with."""

# Three steps: `add` reads what `load` wrote, `report` comes after `add` without reading anything.
CHAIN = {
    "pipeline.yaml": """
        name: chain
        source_directory: src
        environment: {name: small, conda_file: env.yml}
        datasets:
          numbers: {local: data/numbers.json}
          extra: {local: data/extra.json, optional: true}
        parameters:
          factor: 2
          offset: 1
        steps:
          load:
            script: load.py
            arguments:
              --numbers: ${{ datasets.numbers }}
              --extra: ${{ datasets.extra }}
              --factor: ${{ parameters.factor }}
              --output: ${{ outputs.table }}
          add:
            script: add.py
            environment_variables: {MODE: fast}
            arguments:
              --table: ${{ steps.load.outputs.table }}
              --offset: ${{ parameters.offset }}
              --output: ${{ outputs.sums }}
          report:
            script: report.py
            after: [add]
            arguments:
              --output: ${{ outputs.page }}
        """,
    "env.yml": "dependencies: [python=3.11]\n",
    "data/numbers.json": "[1, 2]\n",
    "src/load.py": """
        from command import file, options
        import json, pathlib
        numbers = [number for name in ("--numbers", "--extra") if name in options
                   for number in json.loads(pathlib.Path(options[name]).read_text())]
        file.write_text(json.dumps([number * int(options["--factor"]) for number in numbers]))
        """,
    "src/command.py": """
        import pathlib, sys
        options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
        file = pathlib.Path(options["--output"], "out.json")
        """,
    "src/add.py": """
        from command import file, options
        import json, pathlib
        table = json.loads(pathlib.Path(options["--table"], "out.json").read_text())
        file.write_text(json.dumps([number + int(options["--offset"]) for number in table]))
        """,
    "src/report.py": """
        import sys
        open(sys.argv[-1] + "/page.txt", "w").write("all is well")
        """,
    "src/unused.py": "import sys\nopen(sys.argv[-1] + '/page.txt', 'w').write('all is different')\n",
}


STEPS = ("load", "add", "report")


ALL_DONE = dict.fromkeys(STEPS, "done")


UP_TO_DATE = dict.fromkeys(STEPS, "up to date")


def one_step(script: str, settings: str = "", *, arguments: str = "--output: ${{ outputs.out }}") -> dict[str, str]:
    """Return the files of a project with one step, ``only``, which may write nothing."""
    pipeline = f"name: one\nsteps:\n  only:\n    script: only.py\n    {settings or 'retries: 0'}\n"
    pipeline += "    outputs: {out: {may_be_empty: true}}\n"
    return {"pipeline.yaml": f"{pipeline}    arguments:\n      {arguments}\n", "only.py": script}


FAILS = """
        import sys
        for number in range(30):
            print("line", number)
        print("to the other", file=sys.stderr)
        def inner():
            raise ValueError("no good")
        inner()
        """
