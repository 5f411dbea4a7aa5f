"""The tasks that come with the library; see `inertial.training.catalogue`."""
