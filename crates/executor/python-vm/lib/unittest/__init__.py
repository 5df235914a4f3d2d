"""`unittest` without an operating system: cases, asserts, skips. Running is the harness's business."""
from .case import (
    TestCase, FunctionTestCase, SkipTest, skip, skipIf, skipUnless, expectedFailure, addModuleCleanup, enterModuleContext,
)
from . import mock


class IsolatedAsyncioTestCase(TestCase):
    def __init_subclass__(cls, **options):
        raise TypeError("asynchronous test cases are outside the subset")


class TestSuite:
    def __init__(self, tests=()):
        self._tests = list(tests)

    def addTest(self, test):
        self._tests.append(test)

    def addTests(self, tests):
        for test in tests:
            self.addTest(test)

    def __iter__(self):
        return iter(self._tests)


class TestLoader:
    def loadTestsFromTestCase(self, case):
        return TestSuite()

    def loadTestsFromModule(self, module):
        return TestSuite()


defaultTestLoader = TestLoader()


class TestResult:
    failures = ()
    errors = ()
    skipped = ()
    testsRun = 0

    def wasSuccessful(self):
        return False


class TextTestRunner:
    def __init__(self, *arguments, **options):
        pass

    def run(self, suite):
        return TestResult()


def main(*arguments, **options):
    """Does nothing: the cases of a test file are collected after the file ran."""
