"""The rooms of the Latent page: where one stands in latent space, the stage, and a file for each panel under it."""
