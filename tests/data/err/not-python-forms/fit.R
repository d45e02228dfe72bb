library(stats)
x <- c(1, 2)
