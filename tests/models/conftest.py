"""A small model and a registry that holds it."""

import shutil

import pytest

from models.registry import Registry
from models.training import train
from tests.models.fleet import NOW, PROFILE, QUICK, history


@pytest.fixture(scope="session")
def trained():
    return train(history(16), PROFILE, QUICK)


@pytest.fixture(scope="session")
def stored(trained, tmp_path_factory):
    """A registry with one champion; tests copy it."""
    root = tmp_path_factory.mktemp("models")
    registry = Registry(root)
    name = registry.save(*trained)
    registry.promote(name, "champion", "Ada", "the first one", NOW)
    return root, name


@pytest.fixture
def copy(stored, tmp_path):
    root, name = stored
    shutil.copytree(root, tmp_path / "models")
    return tmp_path / "models", name
