"""From rows and their pictures to a folder that a trainer loads: names, splits, formats, manifest, safe writing."""
