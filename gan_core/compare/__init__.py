"""Fair comparisons: runs that differ in one setting, over several seeds, evaluated the same way, with a verdict.

    from gan_core import compare

    plan = compare.get("optimizers")              # a Comparison (immutable); compare.names() lists the ready-made ones
    plan = plan.with_fields(steps=400, seeds=(0, 1, 2))                   # a validated copy, or ConfigError
    plan = compare.comparison(                                            # or a new one, over any setting
        title="Rates", base=presets.load("ring8"), axes=[Axis.of("optimizer_d.lr", [1e-4, 1e-3])], steps=2000
    )
    plan.jobs(), plan.variants, plan.differences(plan.variants[0])        # the runs; the settings that differ
    compare.outline(plan)                         # Estimate: runs, workers, memory
    compare.measure(plan)                         # with the time; measures each kind of run for some seconds
    compare.fairness.confounds(plan)              # sentences about what may explain a difference beside the axes

    study = compare.StudyStore("checkpoints").create(plan)                # a folder; .list() and .open(id) find it
    runner = compare.start(study, compare.Resources(workers=2))           # in the background
    runner.wait(); runner.alive; runner.error; study.is_running           # the last: by any process
    compare.running()                             # the studies that this process runs
    study.pause(), study.resume(), study.stop(key), study.add_seeds(2), study.add_variant(v), study.add_run(run_id)
    study.trial_statuses()                        # TrialStatus of each run: .status .run_id .step .error ...
    study.run_of(key)                             # the run in the library: its frames, metrics, checkpoints

    results = compare.results_of(study)           # curves and measures by variant, also during training
    results.curve("loss_d", x="images")           # a Curve for each variant: median and band over seeds
    results.table()                               # a Row for each variant: medians of the MEASURES
    compare.headline(results)                     # the answer: best in quality, factor, p, seeds that would settle it
    compare.verdicts(results), compare.claims(results)                    # in words, with the test behind them
    compare.report.html(results), .csv(results), .json(results)           # files that need no other file

The modules: `plan`, `measures`, `study` (the folder on disk), `analysis.verdict` (the test), `execution` (the workers).
After a restart, runs that were training have the status "interrupted"; `start` continues them.
"""

from gan_core.compare import fairness, learning_rates
from gan_core.compare.analysis import report
from gan_core.compare.analysis.headline import Headline, headline
from gan_core.compare.analysis.results import Curve, Results, Row
from gan_core.compare.analysis.results import read as results_of
from gan_core.compare.analysis.verdict import ClaimResult, Verdict, claims, verdicts
from gan_core.compare.execution.estimate import Estimate, measure, outline
from gan_core.compare.execution.runner import BACKENDS, Resources, Runner, runner_of, running, start
from gan_core.compare.measures import MEASURES
from gan_core.compare.plan import Axis, Claim, Comparison, Job, Variant, comparison
from gan_core.compare.ready_made import Finding, finding, get, measured, names
from gan_core.compare.study import AddedRun, Study, StudyError, TrialStatus
from gan_core.compare.study_store import StudyStore

__all__ = [
    "BACKENDS", "MEASURES", "AddedRun", "Axis", "Claim", "ClaimResult", "Comparison", "Curve", "Estimate",
    "Finding", "Headline", "Job", "Resources", "Results", "Row", "Runner", "Study", "StudyError", "StudyStore",
    "TrialStatus", "Variant", "Verdict", "claims", "comparison", "fairness", "finding", "get", "headline",
    "learning_rates", "measure", "measured", "names", "outline", "report", "results_of", "runner_of", "running",
    "start", "verdicts",
]  # fmt: skip
