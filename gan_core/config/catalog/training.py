"""The catalogues of losses, penalties and optimisers."""

from __future__ import annotations

from gan_core.config.catalog.entries import Catalog, LossEntry, OptimizerEntry, PenaltyEntry

LOSSES: Catalog[LossEntry] = Catalog(
    "loss",
    {
        "non-saturating": LossEntry(
            "gan_core.losses.adversarial:NonSaturating",
            "Non-saturating",
            "Cross-entropy; G maximises log D(G(z)). The usual GAN.",
        ),
        "saturating": LossEntry(
            "gan_core.losses.adversarial:Saturating",
            "Saturating (minimax)",
            "Cross-entropy; G minimises log(1 - D(G(z))). Stalls when D wins.",
        ),
        "wasserstein": LossEntry(
            "gan_core.losses.adversarial:Wasserstein",
            "Wasserstein",
            "D is a critic without a sigmoid; it needs weight clipping or a gradient penalty.",
        ),
        "least-squares": LossEntry(
            "gan_core.losses.adversarial:LeastSquares",
            "Least squares",
            "Squared distance to the labels 0 and 1; gradients do not saturate.",
        ),
        "hinge": LossEntry(
            "gan_core.losses.adversarial:Hinge", "Hinge", "D ignores samples on the right side by a margin of 1."
        ),
        "loss-sensitive": LossEntry(
            "gan_core.losses.adversarial:LossSensitive",
            "Loss-sensitive",
            "D ranks a real sample above a fake by as much as the two differ; needs a smooth D.",
            compares_pairs=True,
        ),
        "relativistic": LossEntry(
            "gan_core.losses.adversarial:Relativistic",
            "Relativistic",
            "D ranks each real sample above a fake, G the reverse; with R1 and R2 the loss of R3GAN.",
            compares_pairs=True,
        ),
    },
)

PENALTIES: Catalog[PenaltyEntry] = Catalog(
    "penalty",
    {
        "none": PenaltyEntry("gan_core.losses.penalties:NoPenalty", "None", "No regularisation."),
        "clip": PenaltyEntry(
            "gan_core.losses.penalties:WeightClipping",
            "Weight clipping",
            "Every weight of D is clipped to [-c, c] after its step (WGAN).",
            reads=("clip",),
        ),
        "gradient-penalty": PenaltyEntry(
            "gan_core.losses.penalties:GradientPenalty",
            "Gradient penalty",
            "Pulls the norm of D's gradient between real and fake samples to 1 (WGAN-GP).",
            reads=("weight", "every"),
        ),
        "r1": PenaltyEntry(
            "gan_core.losses.penalties:R1",
            "R1",
            "Penalises D's gradient at real samples; the usual remedy for an overfitting D.",
            reads=("weight", "every"),
        ),
        "r1-r2": PenaltyEntry(
            "gan_core.losses.penalties:R1R2",
            "R1 and R2",
            "Penalises D's gradient at real samples and at fakes; with the relativistic loss, R3GAN.",
            reads=("weight", "every"),
        ),
    },
)

_ADAM = ("beta1", "beta2", "weight_decay")
_AS_ADAM = "as Adam, whose size of step it shares"
OPTIMIZERS: Catalog[OptimizerEntry] = Catalog(
    "optimiser",
    {
        "adam": OptimizerEntry(
            "torch.optim:Adam",
            "Adam",
            "A step size for each weight; the default for GANs, with beta1 lowered to 0.5.",
            2e-4,
            _ADAM,
            "Radford, Metz and Chintala (2016), DCGAN",
        ),
        "adamw": OptimizerEntry(
            "torch.optim:AdamW",
            "AdamW",
            "Adam with weight decay decoupled from the step size.",
            2e-4,
            _ADAM,
            "as Adam, which it is without weight decay",
        ),
        "rmsprop": OptimizerEntry(
            "torch.optim:RMSprop",
            "RMSprop",
            "Adam without momentum; the optimiser of WGAN.",
            5e-5,
            ("alpha", "momentum", "weight_decay"),
            "Arjovsky, Chintala and Bottou (2017), WGAN",
        ),
        "sgd": OptimizerEntry(
            "torch.optim:SGD",
            "SGD",
            "One rate for all weights; slow, and diverges when the rate is high.",
            0.02,
            ("momentum", "nesterov", "weight_decay"),
            "the best of a search (benchmarks/rates.py)",
        ),
        "adagrad": OptimizerEntry(
            "torch.optim:Adagrad",
            "Adagrad",
            "Its rates only shrink, so it slows down.",
            1e-2,
            ("weight_decay",),
            "PyTorch's default",
        ),
        "adadelta": OptimizerEntry(
            "torch.optim:Adadelta",
            "Adadelta",
            "Derives its rates from past updates; 1.0 is its natural rate.",
            1.0,
            ("rho", "weight_decay"),
            "Zeiler (2012), which has no rate: 1 changes nothing",
        ),
        "adamax": OptimizerEntry(
            "torch.optim:Adamax", "Adamax", "Adam scaled by the largest recent gradient.", 2e-4, _ADAM, _AS_ADAM
        ),
        "nadam": OptimizerEntry("torch.optim:NAdam", "NAdam", "Adam with Nesterov momentum.", 2e-4, _ADAM, _AS_ADAM),
        "radam": OptimizerEntry(
            "torch.optim:RAdam",
            "RAdam",
            "Adam with a warm-up while its averages rest on few steps.",
            2e-4,
            _ADAM,
            _AS_ADAM,
        ),
    },
)
