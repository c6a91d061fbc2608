"""Static files under names that carry their content's hash, JavaScript modules' imports included."""

from django.contrib.staticfiles import storage


class ManifestStaticFilesStorage(storage.ManifestStaticFilesStorage):
    """Rewrites `import`, `export … from` and `import()` like CSS addresses, so caches need no bundler."""

    support_js_module_import_aggregation = True
