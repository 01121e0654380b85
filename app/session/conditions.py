"""When something can be done: the conditions of actions, asked of the controller. Decides nothing and changes nothing."""

from app.session.controller import Controller


def has_image(controller: Controller) -> bool:
    """Tell whether there is an image to work on; one that is covered while the next one is opened is none."""
    return controller.document.image is not None and not controller.view_state.opening


def has_landmarks(controller: Controller) -> bool:
    """Tell whether the open image has landmarks, placed or to be placed."""
    return has_image(controller) and bool(controller.editor.names)


def has_selection(controller: Controller) -> bool:
    """Tell whether one of its landmarks is selected."""
    return has_image(controller) and controller.view_state.selected in controller.editor.names


def can_revert(controller: Controller) -> bool:
    """Tell whether the selected landmark is one that the model has found."""
    return (
        has_image(controller) and controller.document.predicted_status(controller.view_state.selected or "") is not None
    )


def can_go_back(controller: Controller) -> bool:
    """Tell whether there is a landmark before this one on the way through them."""
    placing = controller.placing
    return has_image(controller) and (placing.can_go_back if placing.active else controller.checking.can_go_back)


def can_measure(controller: Controller) -> bool:
    """Tell whether an analysis fits the landmarks of the open image."""
    return has_image(controller) and controller.measuring.is_offered


def can_list(controller: Controller) -> bool:
    """Tell whether there are measurements to list, of an analysis or by hand."""
    return can_measure(controller) or (has_image(controller) and bool(controller.free_measuring.rows))


def has_free_selection(controller: Controller) -> bool:
    """Tell whether a distance or an angle that was measured by hand is selected."""
    return has_image(controller) and controller.free_measuring.selected is not None


def has_desk(controller: Controller) -> bool:
    """Tell whether a project is open."""
    return controller.desk.project is not None


def can_add(controller: Controller) -> bool:
    """Tell whether the open project takes changes."""
    return controller.desk.keeps_work


def can_learn(controller: Controller) -> bool:
    """Tell whether something can be learnt in the project: it takes changes, and nobody reads blind."""
    return can_add(controller) and sees_all(controller)


def sees_all(controller: Controller) -> bool:
    """Tell whether the person may be shown what others and the model have said."""
    return not controller.cases.blind


def is_flat(controller: Controller) -> bool:
    """Tell whether a picture is open."""
    image = controller.document.image
    return image is not None and image.ndim == 2


def is_volume(controller: Controller) -> bool:
    """Tell whether a volume is open."""
    image = controller.document.image
    return image is not None and image.ndim == 3
