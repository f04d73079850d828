"""A browser to drive is found: the system's first, then the one that playwright downloaded."""

import subprocess

import pytest

from labkit.course import browser


@pytest.fixture
def bare(monkeypatch):
    """A system without a browser, and playwright installed."""
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    monkeypatch.setattr(browser.importlib.util, "find_spec", lambda name: object())
    return monkeypatch


def answers(monkeypatch, text, code=0):
    done = subprocess.CompletedProcess([], code, stdout=text)
    monkeypatch.setattr(browser.subprocess, "run", lambda *a, **k: done)


def test_the_systems_browser_comes_first(monkeypatch):
    monkeypatch.setattr(browser.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert browser.find_browser() == "/usr/bin/chromium"


def test_playwrights_own_is_taken_once_it_is_there(bare, tmp_path):
    path = tmp_path / "chrome"
    answers(bare, f"{path}\n")
    assert browser.find_browser() is None
    path.write_text("")  # downloaded in the meantime
    assert browser.find_browser() == str(path)


def test_without_playwright_or_with_a_broken_one_there_is_none(bare):
    answers(bare, "", code=1)
    assert browser.find_browser() is None
    bare.setattr(browser.importlib.util, "find_spec", lambda name: None)
    assert browser.find_browser() is None
