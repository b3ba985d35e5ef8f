"""The calls of ``MetadataStore``, by what they are about; each is one request and its response."""
