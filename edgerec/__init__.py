"""Makes a trained Keras recommender small and proves it on the runtime that ships."""
