"""The Latent page: the view and its state, the main picture with its sliders, and a file for each panel below it."""
