echo "$TOKEN"
