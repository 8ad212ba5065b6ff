"""The catalogues of network families and of the parts that work with every family."""

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
            "Transposed convolutions, each of which doubles the image.",
            ("images",),
            ("width", "depth", *_SHARED),
        ),
        "resnet": NetworkEntry(
            "gan_core.models.families.resnet:generator",
            "ResNet",
            "Residual blocks, each of which doubles the image by repeating pixels (SNGAN, WGAN-GP).",
            ("images",),
            ("width", "depth", "activation", "slope", "norm", "spectral", "init", "init_std"),
        ),
        "style": NetworkEntry(
            "gan_core.models.families.stylegan:generator",
            "StyleGAN",
            "z is mapped to a style that scales every layer's weights; noise adds detail.",
            ("images",),
            ("width", "depth", "mapping", "style_mixing", "slope", "init", "init_std"),
        ),
        "transgan": NetworkEntry(
            "gan_core.models.families.transgan:generator",
            "TransGAN",
            "Transformer blocks on the pixels of a small image, which grows by pixel shuffle.",
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
            "Strided convolutions, each of which halves the image.",
            ("images",),
            ("width", "depth", *_SHARED),
        ),
        "resnet": NetworkEntry(
            "gan_core.models.families.resnet:discriminator",
            "ResNet",
            "Residual blocks, each of which halves the image by averaging; also StyleGAN's D.",
            ("images",),
            ("width", "depth", "activation", "slope", "norm", "spectral", "init", "init_std"),
        ),
        "transgan": NetworkEntry(
            "gan_core.models.families.transgan:discriminator",
            "TransGAN",
            "A vision transformer: image patches and a class token.",
            ("images",),
            ("width", "depth", "blocks", "spectral", "init", "init_std"),
        ),
        "upsampling": NetworkEntry(
            "gan_core.models.families.upsampling:discriminator",
            "Upsampling CNN",
            "From a published notebook; its first and last layers are transposed convolutions.",
            ("images",),
            ("width", *_SHARED),
        ),
    },
)

BATCH_LAYERS: Catalog[Entry] = Catalog(
    "batch layer",
    {
        "none": Entry("gan_core.models.batch_layers:NoBatchLayer", "None", "D scores each sample by itself."),
        "minibatch-discrimination": Entry(
            "gan_core.models.batch_layers:MinibatchDiscrimination",
            "Minibatch discrimination",
            "D sees how close a sample's features are to those of the others, which reveals a collapse.",
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
            "Log-likelihood of the features under a Gaussian mixture that D learns (PGAN).",
        ),
    },
)
CONDITIONS: Catalog[Entry] = Catalog(
    "condition",
    {
        "none": Entry("gan_core.models.conditioning:Unconditional", "None", "The networks get no class label."),
        "embedding": Entry(
            "gan_core.models.conditioning:Concatenation",
            "Label beside the input",
            "G and D get the class as additional input (conditional GAN).",
        ),
        "projection": Entry(
            "gan_core.models.conditioning:Projection",
            "Projection",
            "G gets the class as input; D adds the inner product of its features and the class's vector.",
        ),
    },
)
