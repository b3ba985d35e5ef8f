"""The types that every store of ML Metadata has."""
