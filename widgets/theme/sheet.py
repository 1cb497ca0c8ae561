"""The style sheet of the window, made from the tokens. Widgets choose a look by the dynamic property `role`.

Roles: buttons `primary`, `danger`, `quiet`, `key`; labels `title`, `muted`, `number`, `error`; frames `card`, `well`.
"""

from __future__ import annotations

from string import Template

from widgets.theme.icons import ICONS
from widgets.theme.tokens import Theme

_SHEET = Template("""
* { font-family: $families; font-size: ${text_px}px; color: $text; }
QWidget#window, QWidget#page, QDialog { background: $ground; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 4px 8px; }
QFrame[role="card"] { background: $surface; border: 1px solid $line; border-radius: ${radius}px; }
QFrame[role="well"] { background: $well; border: 1px solid $line; border-radius: ${radius}px; }
QLabel { background: transparent; }
QLabel[role="title"] { font-size: ${title}px; font-weight: 600; }
QLabel[role="heading"] { font-size: ${text_px}px; font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="small"] { color: $muted; font-size: ${small}px; }
QLabel[role="number"] { font-family: $numbers; }
QLabel[role="error"] { color: $bad; }
QLabel[role="good"] { color: $good; }
QLabel[role="warning"] { color: $warning; }
QPushButton, QToolButton { background: $raised; border: 1px solid $line; border-radius: ${radius}px;
    min-height: ${control_inner}px; padding: 0 12px; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed { background: $line; }
QPushButton:focus, QToolButton:focus { border: 1px solid $accent; }
QPushButton:disabled, QToolButton:disabled { color: $muted; background: $surface; border-color: $raised; }
QPushButton:checked, QToolButton:checked { background: $hover; border-color: $accent; }
QPushButton[role="primary"] { background: $accent; color: $accent_text; border: none; font-weight: 600;
    font-size: ${large}px; min-height: ${primary}px; padding: 0 24px; }
QPushButton[role="primary"]:hover { background: $accent_hover; }
QPushButton[role="primary"]:disabled { background: $raised; color: $muted; }
QPushButton[role="danger"] { background: $stop; color: #ffffff; border: none; font-weight: 700; }
QPushButton[role="danger"]:hover { background: $stop_hover; }
QPushButton[role="danger"]:disabled { background: $raised; color: $muted; }
QPushButton[role="caption"] { font-size: ${small}px; min-height: 18px; max-height: 18px; padding: 0 8px;
    border-radius: 4px; }
QPushButton[role="quiet"], QToolButton[role="quiet"] { background: transparent; border: none; padding: 0 8px; }
QPushButton[role="quiet"]:hover, QToolButton[role="quiet"]:hover { background: $hover; }
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit { background: $well; color: $text;
    border: 1px solid $line; border-radius: ${radius}px; padding: 0 8px; min-height: ${control_inner}px;
    selection-background-color: $accent; selection-color: $accent_text; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus { border-color: $accent; }
QLineEdit:disabled, QSpinBox:disabled, QComboBox:disabled { color: $muted; background: $surface; }
QSpinBox, QDoubleSpinBox { padding: 0 0 0 4px; }
QSpinBox::up-button, QDoubleSpinBox::up-button { subcontrol-origin: border; width: 22px; border: none;
    image: url($icons/up-$name.svg); }
QSpinBox::down-button, QDoubleSpinBox::down-button { subcontrol-origin: border; width: 22px; border: none;
    image: url($icons/down-$name.svg); }
QComboBox::drop-down { border: none; width: 24px; image: url($icons/down-$name.svg); }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $line; selection-background-color: $hover;
    selection-color: $text; outline: none; }
QCheckBox { spacing: 8px; min-height: ${control_inner}px; background: transparent; }
QTableView::indicator { width: 16px; height: 16px; border: 1px solid $line; border-radius: 4px; background: $well; }
QTableView::indicator:checked { background: $accent; border-color: $accent; image: url($icons/check-$name.svg); }
QCheckBox::indicator { width: 18px; height: 18px; border: 1px solid $line; border-radius: 4px; background: $well; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url($icons/check-$name.svg); }
QRadioButton { spacing: 8px; background: transparent; }
QRadioButton::indicator { width: 16px; height: 16px; border: 1px solid $muted; border-radius: 9px; background: $well; }
QRadioButton::indicator:checked { background: qradialgradient(cx: 0.5, cy: 0.5, radius: 0.5, fx: 0.5, fy: 0.5,
    stop: 0 $accent, stop: 0.55 $accent, stop: 0.62 $well, stop: 1 $well); border-color: $accent; }
QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 4px; margin: 2px; min-height: 32px; min-width: 32px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: none; border: none;
    width: 0; height: 0; }
QSplitter::handle { background: $ground; }
QSplitter::handle:hover { background: $line; }
QListView, QTreeView, QTableView { background: $surface; alternate-background-color: $ground;
    border: 1px solid $line; border-radius: ${radius}px; outline: none; gridline-color: $line;
    selection-background-color: $hover; selection-color: $text; }
QListView::item, QTreeView::item { min-height: 32px; padding: 0 8px; }
QListView::item:selected, QTreeView::item:selected, QTableView::item:selected { background: $hover; color: $text; }
QHeaderView::section { background: $surface; color: $muted; border: none; border-bottom: 1px solid $line;
    padding: 6px 8px; font-size: ${small}px; }
QProgressBar { background: $well; border: 1px solid $line; border-radius: ${radius}px; min-height: 20px;
    text-align: center; }
QProgressBar::chunk { background: $accent; border-radius: 5px; }
QTabBar::tab { background: transparent; color: $muted; padding: 8px 16px; border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabWidget::pane { border: 1px solid $line; border-radius: ${radius}px; }
QSlider::groove:horizontal { background: $raised; height: 6px; border-radius: 3px; }
QSlider::handle:horizontal { background: $accent; width: 16px; margin: -5px 0; border-radius: 8px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 3px; }
QMenu { background: $surface; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 8px 24px; border-radius: 4px; }
QMenu::item:selected { background: $hover; }
QWidget#header, QWidget#rail { background: $surface; }
QWidget#header { border-bottom: 1px solid $line; }
QWidget#rail { border-right: 1px solid $line; }
QToolButton[role="rail"] { background: transparent; border: none; border-left: 4px solid transparent; border-radius: 0;
    text-align: left; padding: 0 12px 0 12px; min-height: 52px; color: $muted; }
QToolButton[role="rail"]:hover { background: $raised; color: $text; }
QToolButton[role="rail"]:checked { background: $raised; border-left-color: $accent; color: $text; font-weight: 600; }
""")


def style_sheet(theme: Theme) -> str:
    """Return the Qt style sheet of a theme."""
    numbers = '"DejaVu Sans Mono", monospace'
    accent = theme.colour("accent")
    values = {
        **theme.colours,
        "name": theme.name,
        "icons": ICONS.as_posix(),
        "families": ", ".join(f'"{family}"' for family in theme.font().families()),
        "numbers": ", ".join(f'"{family}"' for family in theme.number_font().families()) or numbers,
        "text_px": theme.px("text"),
        "small": theme.px("small"),
        "large": theme.px("large"),
        "title": theme.px("title"),
        "radius": theme.px("radius"),
        "control_inner": theme.px("control") - 2,
        "primary": theme.px("primary"),
        "accent_hover": accent.lighter(110).name(),
        "stop": theme.states["recording"][0],
        "stop_hover": theme.colour("vermillion").name(),
    }
    return _SHEET.substitute(values)
