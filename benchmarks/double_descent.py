"""Double descent (lab 13): 14 numbers of features, 5 seeds, labkit beside a loop of scikit-learn.

300 digits, 784 pixels, random features, smallest fit, error on the test digits. labkit's features
are the positive parts of random products, scikit-learn's (`RBFSampler`) random waves; each is
fitted by the other too, so that the curves can be compared: the same features must give the same
test error. scikit-learn's `LinearRegression` and `Ridge` (no intercept; ridge 1e-10 stands for 0)
are both measured, and the cheaper one counts. One thread each; CPU seconds.
"""
