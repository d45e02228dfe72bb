# Classify each flower by the nearest mean of a species, and report how many are right.
words <- commandArgs(trailingOnly = TRUE)
value <- function(option) words[which(words == option) + 1]

iris <- read.csv(value("--data-file"))
measures <- as.matrix(iris[, c("sepal_length", "sepal_width", "petal_length", "petal_width")])
means <- rowsum(measures, iris$species) / as.vector(table(iris$species))
distances <- apply(means, 1, function(mean) rowSums(sweep(measures, 2, mean)^2))
right <- mean(rownames(means)[max.col(-distances)] == iris$species)
writeLines(sprintf("{\"accuracy\": %.4f}", right), file.path(value("--report"), "report.json"))
cat(sprintf("accuracy %.3f\n", right))
