"""What to train: families of networks, and the pieces that go with any of them."""

from __future__ import annotations

from gan_core.config.catalog.entries import Catalog, Entry, NetworkEntry

_SHARED = ("activation", "slope", "norm", "norm_first", "dropout", "bias", "spectral", "init", "init_std")
GENERATORS: Catalog[NetworkEntry] = Catalog(
    "generator",
    {
        "mlp": NetworkEntry(
            "gan_core.models.families.mlp:generator",
            "MLP",
            "Fully connected layers; for points and small images.",
            ("points", "images"),
            ("hidden", *_SHARED),
        ),
        "dcgan": NetworkEntry(
            "gan_core.models.families.dcgan:generator",
            "DCGAN",
            "Transposed convolutions, each doubling the picture.",
            ("images",),
            ("width", "depth", *_SHARED),
        ),
        "resnet": NetworkEntry(
            "gan_core.models.families.resnet:generator",
            "ResNet",
            "Residual blocks, each doubling the picture by repeating pixels (SNGAN, WGAN-GP).",
            ("images",),
            ("width", "depth", "activation", "slope", "norm", "spectral", "init", "init_std"),
        ),
        "style": NetworkEntry(
            "gan_core.models.families.stylegan:generator",
            "StyleGAN",
            "z is mapped to a style that scales every layer's weights; noise adds the detail.",
            ("images",),
            ("width", "depth", "mapping", "style_mixing", "slope", "init", "init_std"),
        ),
        "transgan": NetworkEntry(
            "gan_core.models.families.transgan:generator",
            "TransGAN",
            "Transformer blocks on the pixels of a small picture, which grows by trading channels for pixels.",
            ("images",),
            ("width", "depth", "blocks", "init", "init_std"),
        ),
    },
)
DISCRIMINATORS: Catalog[NetworkEntry] = Catalog(
    "discriminator",
    {
        "mlp": NetworkEntry(
            "gan_core.models.families.mlp:discriminator",
            "MLP",
            "Fully connected layers on the flattened sample.",
            ("points", "images"),
            ("hidden", *_SHARED),
        ),
        "dcgan": NetworkEntry(
            "gan_core.models.families.dcgan:discriminator",
            "DCGAN",
            "Strided convolutions, each halving the picture.",
            ("images",),
            ("width", "depth", *_SHARED),
        ),
        "resnet": NetworkEntry(
            "gan_core.models.families.resnet:discriminator",
            "ResNet",
            "Residual blocks, each halving the picture by averaging; also StyleGAN's D.",
            ("images",),
            ("width", "depth", "activation", "slope", "norm", "spectral", "init", "init_std"),
        ),
        "transgan": NetworkEntry(
            "gan_core.models.families.transgan:discriminator",
            "TransGAN",
            "A vision transformer: the picture in patches, a token for the whole of it.",
            ("images",),
            ("width", "depth", "blocks", "spectral", "init", "init_std"),
        ),
        "upsampling": NetworkEntry(
            "gan_core.models.families.upsampling:discriminator",
            "Upsampling CNN",
            "A notebook's oddity: it opens and closes with transposed convolutions.",
            ("images",),
            ("width", *_SHARED),
        ),
    },
)

BATCH_LAYERS: Catalog[Entry] = Catalog(
    "batch layer",
    {
        "none": Entry("gan_core.models.batch_layers:NoBatchLayer", "None", "D judges each sample by itself."),
        "minibatch-discrimination": Entry(
            "gan_core.models.batch_layers:MinibatchDiscrimination",
            "Minibatch discrimination",
            "D sees how near a sample's features are to those of the others; alike samples give a collapse away.",
        ),
        "minibatch-stddev": Entry(
            "gan_core.models.batch_layers:MinibatchStdDev",
            "Minibatch standard deviation",
            "D sees how much the samples of a batch differ, as one number (Progressive GAN, StyleGAN).",
        ),
    },
)
HEADS: Catalog[Entry] = Catalog(
    "head",
    {
        "linear": Entry("gan_core.models.heads:LinearHead", "Linear", "One weighted sum of the features."),
        "gaussian-mixture": Entry(
            "gan_core.models.heads:GaussianMixture",
            "Gaussian mixture",
            "Log-likelihood of the features under a mixture of Gaussians that D learns (PGAN).",
        ),
    },
)
CONDITIONS: Catalog[Entry] = Catalog(
    "condition",
    {
        "none": Entry("gan_core.models.conditioning:Unconditional", "None", "The networks know no classes."),
        "embedding": Entry(
            "gan_core.models.conditioning:Concatenation",
            "Label beside the input",
            "G and D get the class as more input (conditional GAN).",
        ),
        "projection": Entry(
            "gan_core.models.conditioning:Projection",
            "Projection",
            "G gets the class as input; D adds the product of its features with the class's vector.",
        ),
    },
)
