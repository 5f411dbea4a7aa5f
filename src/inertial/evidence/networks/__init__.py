"""On networks: what people say of deep learning, on the built-in tasks with seeds."""
