"""What becomes of mail after Amazon SES has taken it: bounces, complaints and deliveries, told by SNS."""
