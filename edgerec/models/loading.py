"""A trained legacy Keras file becomes a Recommender: nothing in the file is run, roles are recognised or asked for."""

from edgerec.config import ModelSetting
from edgerec.models.flattening import flat
from edgerec.models.keras_file import model_of
from edgerec.models.recognition import roles
from edgerec.models.recommender import ModelError, Recommender
from edgerec.models.serving import linear_end


def load(setting: ModelSetting) -> Recommender:
    """The recommender in a legacy Keras `.keras` or `.h5` file, which is read once.

    Raises ModelError in one sentence for a file that is not such a model, that holds code, or whose roles cannot be
    told.
    """
    path = setting.path
    if path.is_dir():
        raise ModelError(
            f"{path}: a folder (a SavedModel?), expected a .keras or .h5 file: save the Keras model as one"
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    return recommender_of(data, setting)


def recommender_of(data: bytes, setting: ModelSetting) -> Recommender:
    """The recommender in the bytes of such a file; `setting.path` only names it. Raises ModelError as `load` does.

    Roles come from the setting, else from input names, shapes and tables. A sigmoid or softmax at the end is left out:
    it changes no order, and training needs the scores before it. Models inside the model are laid open.
    """
    model = flat(model_of(data, str(setting.path)))
    return linear_end(Recommender(roles(model, setting), model))
