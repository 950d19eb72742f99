"""From Keras to .tflite, and what a .tflite file says of itself."""
