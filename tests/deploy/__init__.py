"""The deployment files: the image, the stack file and its check."""
