"""Which is better, and is it luck? Runs that differ in one named thing, over several seeds, judged alike.

    from gan_core import compare

    compare.names()                               # the comparisons that the sources made: "optimizers", "latent-dims"
    plan = compare.get("optimizers")              # a Comparison: an immutable value
    plan = plan.with_fields(steps=400, seeds=(0, 1, 2))                   # a checked copy, or ConfigError
    plan = compare.comparison(                                            # or one's own, over any setting
        title="Rates", base=presets.load("ring8"), axes=[Axis.of("optimizer_d.lr", [1e-4, 1e-3])], steps=2000
    )
    plan.jobs(), plan.variants, plan.differences(plan.variants[0])        # the runs; what differs from the base
    compare.outline(plan)                         # Estimate: runs, workers, memory; at once
    compare.measure(plan, progress=tell)          # with the time too; tries each kind of run for some seconds

    study = compare.StudyStore("checkpoints").create(plan)                  # a folder; .list() and .open(id) find it
    runner = compare.start(study, compare.Resources(workers=2))    # in the background; call again after orders
    study.pause(), study.resume(), study.stop(key), study.add_seed(3), study.add_variant(v), study.join(run_id, title)
    study.trial_statuses()        # how each run stands: TrialStatus.status .run_id .step .error ...
    study.run_of(key)                              # an ordinary run of the library: its frames, figures, checkpoints
    runner.wait(); runner.alive; runner.error; study.tended                # by this process or another

    results = compare.results_of(study)              # curves and figures by variant, also while it runs
    results.curve("loss_d", x="images")           # median and band over seeds, a Curve for each variant
    results.table()                               # a Row for each variant: median figures
    compare.verdicts(results), compare.claims(results)                    # in words, with the test behind them
    compare.report.html(results), .csv(results), .json(results)           # files that need nothing else

What a study is on disk is said in `study`, how runs are kept alike in `plan`, the measures in `measures`, the test in
`verdict`. After a restart `study.trial_statuses()` says "interrupted" for what was in training, and `start` goes on
with it.
"""

from gan_core.compare.analysis import report
from gan_core.compare.analysis.results import Curve, Results, Row
from gan_core.compare.analysis.results import read as results_of
from gan_core.compare.analysis.verdict import ClaimResult, Verdict, claims, verdicts
from gan_core.compare.execution.estimate import Estimate, measure, outline
from gan_core.compare.execution.runner import BACKENDS, Resources, Runner, runner_of, start
from gan_core.compare.measures import MEASURES
from gan_core.compare.plan import Axis, Claim, Comparison, Job, Variant, comparison
from gan_core.compare.ready_made import get, measured, names
from gan_core.compare.study import AddedRun, Study, StudyError, TrialStatus
from gan_core.compare.study_store import StudyStore

__all__ = [
    "BACKENDS",
    "MEASURES",
    "AddedRun",
    "Axis",
    "Claim",
    "ClaimResult",
    "Comparison",
    "Curve",
    "Estimate",
    "Job",
    "Resources",
    "Results",
    "Row",
    "Runner",
    "Study",
    "StudyError",
    "StudyStore",
    "TrialStatus",
    "Variant",
    "Verdict",
    "claims",
    "comparison",
    "get",
    "measure",
    "measured",
    "names",
    "outline",
    "report",
    "results_of",
    "runner_of",
    "start",
    "verdicts",
]
