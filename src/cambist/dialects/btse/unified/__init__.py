"""The present generation: `/public-api` for markets and wallets, `/spot/api/v4/trade` for orders."""
