"""What deploys: the image, the stack file and their check."""
