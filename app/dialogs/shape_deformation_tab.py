"""The tab of the deformation: which component, how far along it, and from where a shape in space is seen. Decides nothing."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from app.desktop.chrome import LIGHT
from app.dialogs.shape_deformation import MOST_LABELS, SIDES_SEEN, DeformationFigure
from app.dialogs.shape_plot import PICTURE_SIZE
from app.session.shape_study import ShapeStudy
from core.base.wording import listed

MOST_SD = 3
_PER_SD = 10
"""Steps of the slider for a standard deviation."""
_MOST_MOVED = 3
_MOST_COMPONENTS = 12
_SIDES = dict(zip(SIDES_SEEN, ("From the &front", "From the &left", "From abo&ve"), strict=True))


class ShapeDeformationTab(QWidget):
    """The tab."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._study: ShapeStudy | None = None
        self.figure = DeformationFigure()
        self.component = QComboBox()
        self.component.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(-MOST_SD * _PER_SD, MOST_SD * _PER_SD)
        self.slider.setPageStep(_PER_SD)
        self.slider.setTickInterval(_PER_SD)
        self.slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        self.where = QLabel()
        self.where.setMinimumWidth(90)
        self.mean = QPushButton("&Mean")
        self.mean.setAutoDefault(False)
        self.names = QCheckBox("&Names")
        self._chose_names = False
        self.moved = QLabel()
        self.moved.setWordWrap(True)
        self.sides: list[QPushButton] = []
        self._lay_out()
        self.component.activated.connect(lambda _: self._choose_component())
        self.slider.valueChanged.connect(lambda _: self._follow())
        self.names.toggled.connect(lambda shown: self.figure.show_names(shown=shown))
        self.names.clicked.connect(self._keep_names)
        self.mean.clicked.connect(lambda: self.slider.setValue(0))

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.component)
        top.addWidget(self.where)
        top.addWidget(QLabel(f"−{MOST_SD} SD"))
        top.addWidget(self.slider, 1)
        top.addWidget(QLabel(f"+{MOST_SD} SD"))
        top.addWidget(self.mean)
        top.addWidget(self.names)
        below = QHBoxLayout()
        below.addWidget(self.moved, 1)
        for side, text in _SIDES.items():
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, side=side: self.figure.seen_from(side))
            self.sides.append(button)
            below.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.figure, 1)
        layout.addLayout(below)

    def show_study(self, study: ShapeStudy) -> None:
        """Show the mean of other cases, along the component that was looked at where it is still there."""
        self._study = study
        chosen = max(self.component.currentIndex(), 0)
        self.component.clear()
        shares = study.compared.space.shares[:_MOST_COMPONENTS]
        self.component.addItems([f"PC{number} ({100 * share:.1f} %)" for number, share in enumerate(shares, start=1)])
        self.component.setCurrentIndex(min(chosen, len(shares) - 1))
        for button in self.sides:
            button.setVisible(study.compared.found.points.shape[2] == 3)
        if not self._chose_names:
            self.names.setChecked(len(study.compared.found.names) <= MOST_LABELS)
        self.figure.show_names(shown=self.names.isChecked())
        self.figure.show_study(study)
        self._choose_component()

    def _keep_names(self) -> None:
        self._chose_names = True

    @property
    def deviations(self) -> float:
        """How far along the component, in standard deviations."""
        return self.slider.value() / _PER_SD

    def _follow(self) -> None:
        study, component = self._study, self.component.currentIndex()
        if study is None or component < 0:
            return
        self.figure.show_at(component, self.deviations)
        self.where.setText(f"{self.deviations:+.1f} SD".replace("-", "−") if self.slider.value() else "mean shape")

    def _choose_component(self) -> None:
        self._follow()
        study, component = self._study, self.component.currentIndex()
        if study is None or component < 0:
            return
        ways = np.linalg.norm(study.compared.space.components[component], axis=1)
        names = [study.compared.found.names[row] for row in np.argsort(-ways)[:_MOST_MOVED]]
        turns = " Drag to turn it." if study.compared.found.points.shape[2] == 3 else ""
        self.moved.setText(f"Most moved along PC{component + 1}: {listed(names)}.{turns}")

    def light_figure(self) -> DeformationFigure:
        """Return what is shown drawn on white, for print."""
        light = DeformationFigure(colours=LIGHT)
        light.resize(PICTURE_SIZE)
        light.show_as(self.figure)
        return light
